# Runs both agents: `collect` without Anvil, or `uplink` for an Anvil app. Both serve /healthz.
# State is in /data, in the PostgreSQL of DATABASE_URL, or in the app:
#   docker build --tag runstream .
#   docker run --env GITHUB_TOKEN --env AWS_DEFAULT_REGION … --volume runstream:/data \
#     runstream collect octo/api
# .github/workflows/images.yml adds the digests of the images.
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements.lock deploy/build.lock /build/deploy/
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement /build/deploy/requirements.lock \
    && python -m pip install --no-cache-dir --no-deps --require-hashes --requirement /build/deploy/build.lock
WORKDIR /build
COPY pyproject.toml setup.py MANIFEST.in LICENSE README.md __init__.py anvil.yaml ./
COPY client_code client_code
COPY docs/schemas docs/schemas
COPY server_code server_code
COPY standalone standalone
COPY theme theme
ARG RUNSTREAM_COMMIT
# Without isolation: pip would install the newest setuptools, whatever its hash.
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /venv/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin runstream \
    && install --directory --owner=runstream --mode=0700 /data
COPY --from=build /venv /venv
# TMPDIR holds logs during download. /healthz listens inside the container only: to make it reachable,
# set RUNSTREAM_HTTP=0.0.0.0:8080 and publish the port.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TMPDIR=/data \
    RUNSTREAM_HTTP=127.0.0.1:8080
WORKDIR /data
VOLUME /data
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8080/healthz', timeout=8)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["runstream"]
CMD ["collect", "--log-format", "json"]
