# Stands in for gcr.io/distroless/nodejsN-debian13:nonroot: node, the libraries it loads, OpenSSL's, certificates,
# two users. No shell, no package manager.
ARG NODE
FROM ${NODE} AS node
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates netbase tzdata
RUN mkdir -p /out/nodejs/bin /out/etc/ssl/certs /out/home/nonroot /out/tmp /out/lib64 \
  && cp /usr/local/bin/node /out/nodejs/bin/ \
  && for library in $(ldd /usr/local/bin/node | grep -o '/[^ ]*') $(find /usr/lib -name 'libssl.so.3' -o -name 'libcrypto.so.3' \
       -o -name 'libnss_files.so.2' -o -name 'libnss_dns.so.2' -o -name 'libresolv.so.2'); do \
       cp -L --parents "$library" /out/; \
     done \
  && cp -r --parents /usr/share/zoneinfo /out/ \
  && cp -L /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
  && cp /etc/nsswitch.conf /etc/services /etc/protocols /etc/os-release /out/etc/ \
  && printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' \
     >/out/etc/passwd \
  && printf 'root:x:0:\nnonroot:x:65532:\n' >/out/etc/group \
  && chown 65532:65532 /out/home/nonroot \
  && chmod 1777 /out/tmp

FROM scratch
COPY --from=node /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532
WORKDIR /home/nonroot
ENTRYPOINT ["/nodejs/bin/node"]
