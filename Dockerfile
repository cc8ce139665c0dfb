# The command line in a container, of wheels alone: `make image`, then, as the user to whom the folder belongs,
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/media" transcode fit photo.jpg -o small.jpg --max-bytes 100000
ARG PYTHON=3.13
FROM python:${PYTHON}-slim-trixie AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
COPY dist/*.whl /wheels/
RUN python -m venv /opt/transcode \
  && /opt/transcode/bin/pip install --no-cache-dir --only-binary :all: "$(echo /wheels/*.whl)[send]"

FROM python:${PYTHON}-slim-trixie
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends fonts-dejavu-core tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --no-create-home --uid 10001 transcode
COPY --from=build /opt/transcode /opt/transcode
ENV PATH=/opt/transcode/bin:$PATH
WORKDIR /media
USER 10001
HEALTHCHECK --interval=5m --timeout=60s CMD ["transcode", "doctor"]
ENTRYPOINT ["/usr/bin/tini", "--", "transcode"]
CMD ["--help"]
