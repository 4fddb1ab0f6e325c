# Both agents: `collect` without Anvil, or `uplink` for an Anvil app, which both tell their health.
# State is in /data, or in the PostgreSQL that DATABASE_URL names, or in the app:
#   docker build --tag runstream .
#   docker run --env GITHUB_TOKEN --env AWS_DEFAULT_REGION … --volume runstream:/data \
#     runstream collect octo/api
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY deploy/requirements.txt /build/deploy/requirements.txt
RUN /venv/bin/pip install --no-cache-dir --no-deps --requirement /build/deploy/requirements.txt
WORKDIR /build
COPY pyproject.toml LICENSE ./
COPY server_code server_code
COPY standalone standalone
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin runstream \
    && install --directory --owner=runstream --mode=0700 /data
COPY --from=build /venv /venv
# Logs lie in TMPDIR while they are fetched. Health is asked from inside alone: to let others ask,
# publish the port and name 0.0.0.0:8080.
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
ENTRYPOINT ["python", "-m", "standalone"]
CMD ["collect", "--log-format", "json"]
