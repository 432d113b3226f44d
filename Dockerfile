# Three images from one file: --target backend-cpu, backend-gpu or operator.
#
# Builds with docker, podman and buildah. Behind a network that ends TLS itself, hand over its certificates with
#   --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt
# Nothing of them stays in the image.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

# ---- what every image stands on ----
FROM ${BASE_IMAGE} AS python
RUN useradd --uid 10001 --no-create-home --home-dir /tmp ocr \
 && install --directory --owner=ocr --group=ocr /data
# The root file system may be read-only: only /tmp and /data are written to.
ENV PATH=/opt/app/bin:/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
LABEL org.opencontainers.image.vendor="ocr-backend" \
      org.opencontainers.image.licenses="Apache-2.0"

# ---- pip, used by the stages below and left out of the images ----
FROM python AS pip
RUN python3 -m venv /opt/pip \
 && python3 -m venv --without-pip /opt/venv
# `install ARGUMENTS` is pip's, into /opt/venv, with the given certificates if there are any.
RUN printf '%s\n' '#!/bin/sh' \
      'export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore' \
      'if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi' \
      'exec /opt/pip/bin/pip --python /opt/venv/bin/python install "$@"' > /opt/pip/bin/install \
 && chmod +x /opt/pip/bin/install

# ---- the two packages of this repository ----
FROM pip AS code
WORKDIR /src
# The build tool comes from the locked development requirements, so that its version is said once.
COPY requirements-dev.txt ./
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    awk '/^[a-z]/ { wanted = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } wanted' \
      requirements-dev.txt > requirements-build.txt \
 && /opt/pip/bin/install --require-hashes --no-deps -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY backend/ocr_backend backend/ocr_backend
COPY operator/ocr_operator operator/ocr_operator
RUN /opt/pip/bin/install --no-deps --no-build-isolation --target /opt/app .

# ---- backend ----
FROM pip AS backend-packages
COPY backend/requirements-base.txt backend/requirements-builtin.txt /src/
# The locks are complete: nothing is to be resolved, and rapidocr gives only its weights.
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    /opt/pip/bin/install --require-hashes --no-deps -r /src/requirements-base.txt -r /src/requirements-builtin.txt

# What runs the networks lies apart from the rest, so that CPU and GPU differ in one layer. pip leaves out what
# /opt/venv has already.
FROM backend-packages AS cpu-packages
COPY backend/requirements.txt /src/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    /opt/pip/bin/install --require-hashes --no-deps --prefix /opt/runtime -r /src/requirements.txt \
 && mv /opt/runtime/lib/python3*/site-packages /opt/runtime/packages

# paddlepaddle-gpu comes from Paddle's own index, which must be named for the CUDA version of the nodes' drivers.
FROM backend-packages AS gpu-packages
ARG GPU_PACKAGES="paddlepaddle-gpu==3.3.1 onnxruntime-gpu==1.32.0"
ARG GPU_INDEX=""
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    /opt/pip/bin/install ${GPU_INDEX:+--extra-index-url "${GPU_INDEX}"} --prefix /opt/runtime ${GPU_PACKAGES} \
 && mv /opt/runtime/lib/python3*/site-packages /opt/runtime/packages

FROM python AS backend
# What the wheels of OpenCV and Paddle link to. OpenCV's asks for libGL and never draws, so the drivers behind
# it (Mesa with LLVM, 170 MB) are taken out again.
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends libgl1 libglib2.0-0 libgomp1 \
 && dpkg --purge --force-depends libgl1-mesa-dri libllvm15 libz3-4 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=backend-packages /opt/venv /opt/venv
ENV PYTHONPATH=/opt/app:/opt/runtime/packages
LABEL org.opencontainers.image.title="ocr-backend" \
      org.opencontainers.image.description="PaddleOCR as a machine learning backend of Label Studio"
VOLUME /data
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('OCR_PORT', '9090') + '/livez', timeout=4)"]
ENTRYPOINT ["ocr-backend"]
CMD ["serve"]

FROM backend AS backend-cpu
COPY --from=cpu-packages /opt/runtime /opt/runtime
COPY --from=code /opt/app /opt/app
USER 10001:10001

FROM backend AS backend-gpu
COPY --from=gpu-packages /opt/runtime /opt/runtime
COPY --from=code /opt/app /opt/app
USER 10001:10001

# ---- operator ----
FROM pip AS operator-packages
COPY operator/requirements.txt /src/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    /opt/pip/bin/install --require-hashes --no-deps -r /src/requirements.txt

FROM python AS operator
COPY --from=operator-packages /opt/venv /opt/venv
COPY --from=code /opt/app /opt/app
LABEL org.opencontainers.image.title="ocr-operator" \
      org.opencontainers.image.description="Turns OCRBackend objects into running, warmed, observed backends"
USER 10001:10001
ENTRYPOINT ["ocr-operator"]
