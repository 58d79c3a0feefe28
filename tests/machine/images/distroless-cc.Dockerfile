# Stands in for gcr.io/distroless/cc-debian13: the same packages of Debian 13, unpacked, with certificates and two users.
# The target `debug` has BusyBox as well, each of its programs in /busybox; Debian's lacks printenv, a script stands in.
ARG BASE
FROM ${BASE} AS packages
ARG MORE=
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static ca-certificates
RUN mkdir -p /debs /out/etc/ssl/certs /out/home/nonroot /out/root /out/tmp /out/var/lib/dpkg/status.d /busybox \
  && cd /debs \
  && apt-get download base-files libc6 libgcc-s1 libgomp1 libssl3t64 libstdc++6 libzstd1 media-types netbase tzdata zlib1g $MORE \
  && for package in *.deb; do \
       dpkg-deb --extract "$package" /out \
       && dpkg-deb --field "$package" >"/out/var/lib/dpkg/status.d/$(dpkg-deb --field "$package" Package)"; \
     done \
  && for folder in bin lib lib64 sbin; do \
       if [ -d "/out/$folder" ] && [ ! -L "/out/$folder" ]; then \
         mkdir -p "/out/usr/$folder" && cp -a "/out/$folder/." "/out/usr/$folder/" && rm -r "/out/$folder"; \
       fi; \
       mkdir -p "/out/usr/$folder" && ln -sfn "usr/$folder" "/out/$folder"; \
     done \
  && cp -L /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
  && printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >/out/etc/passwd \
  && printf 'root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n' >/out/etc/group \
  && printf 'hosts: files dns\n' >/out/etc/nsswitch.conf \
  && chown 65532:65532 /out/home/nonroot && chmod 700 /out/home/nonroot && chmod 1777 /out/tmp \
  && cp /bin/busybox /busybox/ && /busybox/busybox --install -s /busybox \
  && printf '#!/busybox/sh\n[ -n "$1" ] || exec env\nenv | grep -q "^$1=" && env | sed -n "s/^$1=//p"\n' >/busybox/printenv \
  && chmod 755 /busybox/printenv

FROM scratch AS plain
COPY --from=packages /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /

FROM plain AS debug
COPY --from=packages /busybox /busybox
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/busybox
ENTRYPOINT ["/busybox/sh"]
