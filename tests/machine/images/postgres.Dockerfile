# Stands in for postgres:MAJOR: Debian's own server of that major version, with the environment of the real image.
ARG BASE
FROM ${BASE}
ARG MAJOR
ARG DATA
RUN groupadd --system --gid 999 postgres \
  && useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
  && mkdir -p /etc/postgresql-common \
  && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
  && apt-get update \
  && apt-get install -y --no-install-recommends "postgresql-$MAJOR" "postgresql-client-$MAJOR" \
  && rm -rf /var/lib/apt/lists/* /var/log/* \
  && mkdir -p "$DATA" /var/run/postgresql /docker-entrypoint-initdb.d \
  && chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql
COPY --chmod=755 postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
ENV LANG=C.UTF-8 PG_MAJOR=${MAJOR} PGDATA=${DATA} \
  PATH=/usr/lib/postgresql/${MAJOR}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Up to 17 the data is the volume; from 18 on, the folder that holds it by version.
ARG VOLUME
VOLUME ${VOLUME}
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
