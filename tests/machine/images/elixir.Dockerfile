# Stands in for hexpm/elixir: Debian's own Elixir and Erlang/OTP, with Hex and Rebar at hand so that
# `mix local.hex --if-missing` and `mix local.rebar --if-missing` need no network.
ARG BASE
FROM ${BASE}
ENV LANG=C.UTF-8
# The packages of the real image, then the OTP applications that it builds from source. Neither git nor a
# compiler: the real one has none, and a Dockerfile that forgets to install them has to fail here too.
# rebar3 is one file; as a package it would bring a desktop's worth of libraries.
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    ca-certificates libodbc2 libsctp1 netbase \
    elixir erlang-hex erlang-asn1 erlang-base erlang-crypto erlang-dev erlang-diameter erlang-eldap \
    erlang-eunit erlang-ftp erlang-inets erlang-mnesia erlang-os-mon erlang-parsetools erlang-public-key \
    erlang-runtime-tools erlang-snmp erlang-ssh erlang-ssl erlang-syntax-tools erlang-tftp erlang-tools \
    erlang-xmerl \
  && cd /tmp \
  && apt-get download rebar3 \
  && dpkg-deb -x rebar3_*.deb rebar3 \
  && mix local.rebar rebar3 /tmp/rebar3/usr/bin/rebar3 --force \
  && rm -rf /tmp/rebar3* /var/lib/apt/lists/* /var/log/*
CMD ["iex"]
