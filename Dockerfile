# The Python that every test runs on; requirements.lock also covers 3.12 and 3.13.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --require-hashes --only-binary=:all: -r requirements.lock
# An editable install points at /app, where migrations/ and roadmaps/ stand beside bot/ as in a checkout.
COPY pyproject.toml README.md ./
COPY bot/__init__.py bot/
RUN .venv/bin/pip install --no-deps --no-build-isolation --editable . \
 && .venv/bin/pip uninstall --yes flit_core pip

FROM python:${PYTHON}-slim
RUN useradd --uid 10001 --user-group --no-create-home roadmate \
 && install --directory --owner=roadmate --group=roadmate /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY LICENSE ./
COPY migrations migrations
COPY roadmaps roadmaps
COPY bot bot
RUN python -m compileall -q bot migrations
ENV PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 ROADMATE_DATA=/data HTTP_PORT=8080
USER 10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['HTTP_PORT']), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["roadmate", "run"]
