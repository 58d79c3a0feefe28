# Prints the packages that the Dockerfile compiles your dependencies with: of a C compiler, or of Rust. To add one, put
# the dependency's name into a list below. See what it prints: sed -n -E -f rel/compilers.sed mix.exs mix.lock
# lazy_html for tests alone needs none: its line in mix.exs is kept (h), and takes its line in mix.lock out (G, d).
/\{:lazy_html,.* only: (:test|\[:(dev, :)?test\])/h
/^[ %{]*"lazy_html":/{G;/ only: /d;}
# These name a compiler and are not compiled by it.
/^[ %{]*"(cc_precompiler|daisyui|elixir_make|heroicons)":/d
# Rust; C and more tools; C alone, also for all that use elixir_make or cc_precompiler, and what comes from git or a folder.
s/^[ %{]*"(rustler)":.*/cargo/p
s/^[ %{]*"(fast_html|rocksdb)":.*/build-essential cmake/p
s/^[ %{]*"(libsecp256k1)":.*/build-essential autoconf automake libtool/p
s/^[ %{]*"(bcrypt|brotli|cmark|crc32cer|eleveldb|enacl|erlexec|esqlite|ezstd|fast_tls|fast_xml|fast_yaml|hdr_histogram|iconv|jiffy|keccakf1600|lz4|re2|sfmt|snappyer|stringprep|syslog|xmpp|xxhash)":.*/build-essential/p
s/.*(:elixir_make|:cc_precompiler|": \{:git,| path: ).*/build-essential/p
