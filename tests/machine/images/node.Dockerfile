# Stands in for node:MAJOR-slim: the official binary as the npm registry carries it, on the Debian of that tag.
# The build context holds the unpacked npm packages, one folder each.
ARG BASE
FROM ${BASE}
RUN groupadd --gid 1000 node \
  && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node/bin /usr/local/bin/
COPY node/include /usr/local/include/
COPY modules /usr/local/lib/node_modules/
COPY --chmod=755 node-entrypoint /usr/local/bin/docker-entrypoint.sh
# As in the real image: npm always, Yarn 1 and Corepack up to Node 24. Empty folders stand for what is not there.
COPY opt /opt/
RUN cd /usr/local/bin \
  && ln -s node nodejs \
  && ln -s ../lib/node_modules/npm/bin/npm-cli.js npm \
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js npx \
  && if [ -d ../lib/node_modules/corepack ]; then ln -s ../lib/node_modules/corepack/dist/corepack.js corepack; fi \
  && if [ -d /opt/yarn ]; then ln -s /opt/yarn/bin/yarn yarn && ln -s /opt/yarn/bin/yarn yarnpkg; fi
# What the real image keeps of its packages: a library that this node links, which only the newer ones do.
RUN if ldd /usr/local/bin/node | grep -q 'libatomic.*not found'; then \
      apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*; \
    fi
# Node trusts the certificate authorities that it was built with. A machine with one of its own needs this line.
ARG EXTRA_CA=
RUN [ -z "$EXTRA_CA" ] || cat /usr/local/share/ca-certificates/*.crt >"$EXTRA_CA"
ENV NODE_EXTRA_CA_CERTS=${EXTRA_CA}
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
