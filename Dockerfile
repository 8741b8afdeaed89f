# The base image: Node.js, tini, drizzle-fleet, drizzle-orm and pg. A project adds its configuration and its migrations,
# as in the Dockerfile that `npx drizzle-fleet init --docker` writes. The packages come from a folder, so that the build
# needs neither npm nor a registry of packages. docs/docker.md shows how to build it.
# Build arguments: BASE, an image with Node.js 20.19 or later and glibc; VERSION, REVISION and CREATED, for the labels.
ARG BASE=node:22-slim
FROM ${BASE}

# tini passes signals on, and reaps the processes that a --verify command leaves.
RUN test -x /usr/bin/tini || (apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*)

ENV NODE_ENV=production
WORKDIR /app
COPY node_modules ./node_modules

ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="drizzle-fleet" \
      org.opencontainers.image.description="Schema-per-tenant PostgreSQL migrations for Drizzle ORM" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/drizzle-fleet/drizzle-fleet" \
      org.opencontainers.image.documentation="https://github.com/drizzle-fleet/drizzle-fleet/blob/main/docs/docker.md"

# Kubernetes verifies runAsNonRoot only for a numeric user. The files belong to root, so this user cannot change them.
USER 10001:10001

# Node.js runs directly: npm and npx do not pass signals on. A health check is missing on purpose: a run ends by itself.
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/node_modules/drizzle-fleet/dist/cli/bin.js"]
CMD ["migrate"]
