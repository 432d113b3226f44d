# Label Studio from PyPI, in the place of its public image where no registry can be reached: the same user, port
# and folder of data. The database is made here, since that takes most of a minute.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY label-studio-requirements.txt /src/
RUN --mount=type=secret,id=ca,target=/run/ca.crt \
    python3 -m venv /opt/venv \
 && if [ -s /run/ca.crt ]; then export PIP_CERT=/run/ca.crt; fi \
 && /opt/venv/bin/pip install --no-cache-dir --quiet --require-hashes --no-deps -r /src/label-studio-requirements.txt
RUN useradd --uid 1001 --gid 0 --home-dir /label-studio --create-home label-studio \
 && install --directory --owner=1001 /label-studio/data
# The machine of the tests may have no network: nothing is asked of others.
ENV PATH=/opt/venv/bin:$PATH LABEL_STUDIO_BASE_DATA_DIR=/label-studio/data \
    LABEL_STUDIO_LATEST_VERSION_CHECK=false LABEL_STUDIO_COLLECT_ANALYTICS=false LABEL_STUDIO_SENTRY_DSN=
USER 1001
WORKDIR /label-studio
RUN label-studio init --quiet
EXPOSE 8080
CMD ["label-studio"]
