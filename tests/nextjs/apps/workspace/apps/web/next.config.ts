import type { NextConfig } from "next";

// All that moves a page from where a check would look for it.
const nextConfig: NextConfig = {
  basePath: "/shop",
  i18n: { locales: ["en", "de"], defaultLocale: "en" },
  trailingSlash: true,
  turbopack: {
    rules: {
      "*.css": {
        loaders: ["@tailwindcss/turbopack"],
        as: "*.css",
      },
    },
  },
  reactStrictMode: true,
  transpilePackages: ["database"],
};

export default nextConfig;
