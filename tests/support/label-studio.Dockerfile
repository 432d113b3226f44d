# Label Studio from PyPI, in the place of its public image where no registry can be reached: the same user, port
# and folder of data. `label_studio_image` fills the folder that this is built from; the database comes ready, since
# making it takes most of a minute.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN useradd --uid 1001 --gid 0 --home-dir /label-studio --create-home label-studio
COPY packages /opt/packages
COPY --chown=1001:0 data /label-studio/data
# The machine of the tests may have no network: nothing is asked of others.
ENV PYTHONPATH=/opt/packages PYTHONUNBUFFERED=1 LABEL_STUDIO_BASE_DATA_DIR=/label-studio/data \
    LABEL_STUDIO_LATEST_VERSION_CHECK=false LABEL_STUDIO_COLLECT_ANALYTICS=false LABEL_STUDIO_SENTRY_DSN=
USER 1001
WORKDIR /label-studio
EXPOSE 8080
CMD ["python3", "-m", "label_studio.server"]
