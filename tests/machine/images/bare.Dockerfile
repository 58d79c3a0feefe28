# A machine with what README's first command needs and nothing else: Python, git, uv.
ARG BASE
FROM ${BASE} AS bare
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git python3 \
  && rm -rf /var/lib/apt/lists/* /var/log/*
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt

FROM bare AS uv
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3-venv \
  && python3 -m venv /opt/uv \
  && /opt/uv/bin/pip install --no-cache-dir uv

FROM bare
COPY --from=uv /opt/uv/bin/uv /usr/local/bin/uv
WORKDIR /root/copier-fly
