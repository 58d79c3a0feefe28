# Stands in for litestream/litestream:VERSION-scratch: the program alone, built from its module (tests/machine/prepare). The
# real one has certificates and a user as well; what is taken out of it is the program.
FROM scratch
COPY litestream /usr/local/bin/litestream
ENTRYPOINT ["/usr/local/bin/litestream"]
