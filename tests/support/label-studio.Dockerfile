# Label Studio from PyPI, for machines that cannot pull its public image: the same user, port and data folder.
# `label_studio_image` prepares the build context. It contains the database after all migrations, which take almost
# a minute.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN useradd --uid 1001 --gid 0 --home-dir /label-studio --create-home label-studio
COPY packages /opt/packages
COPY --chown=1001:0 data /label-studio/data
# No requests to other machines: the machine of the tests may have no network.
ENV PYTHONPATH=/opt/packages PYTHONUNBUFFERED=1 LABEL_STUDIO_BASE_DATA_DIR=/label-studio/data \
    LABEL_STUDIO_LATEST_VERSION_CHECK=false LABEL_STUDIO_COLLECT_ANALYTICS=false LABEL_STUDIO_SENTRY_DSN=
USER 1001
WORKDIR /label-studio
EXPOSE 8080
CMD ["python3", "-m", "label_studio.server"]
