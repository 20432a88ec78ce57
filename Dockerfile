# One image for every duty: `booking-rush serve`, `booking-rush work record`, … See README, "Image".
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-venv
WORKDIR /build
RUN python3 -m venv /opt/booking-rush
# Dependencies change less often than we do: a layer of their own. Wheels alone: nothing is compiled.
COPY requirements.lock requirements-build.lock ./
RUN /opt/booking-rush/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements.lock \
    && python3 -m venv /opt/builder \
    && /opt/builder/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
        -r requirements-build.lock
COPY . .
RUN /opt/builder/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/booking-rush/bin/pip install --no-cache-dir --no-deps /dist/*.whl \
    && /opt/booking-rush/bin/pip uninstall -y pip setuptools \
    && /opt/booking-rush/bin/python3 -m compileall -q /opt/booking-rush

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="booking-rush" \
      org.opencontainers.image.description="A virtual queue and a box office: first come, first served" \
      org.opencontainers.image.version="${VERSION}"
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rush
COPY --from=build /opt/booking-rush /opt/booking-rush
# Nothing is written but to standard error: the root file system may be read-only.
ENV PATH=/opt/booking-rush/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RUSH_BIND=0.0.0.0:8000 \
    RUSH_METRICS_BIND=0.0.0.0:9000 \
    RUSH_LOG=json
USER 10001:10001
EXPOSE 8000 9000
# `serve` answers on 8000, every other duty on 9000.
HEALTHCHECK --interval=10s --timeout=10s --start-period=20s --retries=3 CMD \
    python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)" \
    || python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:9000/healthz', timeout=4)"
ENTRYPOINT ["booking-rush"]
CMD ["serve"]
