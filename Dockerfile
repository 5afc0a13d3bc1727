# feedmill as a container: it reads the posts in /posts (read-only is fine), serves feeds at port 8080, and keeps the ledger in /state.
# Give /state a named volume: with any other, the ids of posts are forgotten with the container. /status and /metrics are served inside
# the container only (127.0.0.1:8081) unless FEEDMILL_ADMIN says otherwise.
#
#   docker build --tag feedmill .
#   docker run --publish 8080:8080 --stop-timeout 20 --volume "$PWD/posts:/posts:ro" --volume feedmill-state:/state \
#     --env FEEDMILL_BASE_URL=https://example.com feedmill

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# the caches keep compiled dependencies between builds, but are not part of the layer: the binary has to be copied out
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked \
    && cp target/dist/feedmill /usr/local/bin/feedmill

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="feedmill" \
      org.opencontainers.image.description="Publishes a folder of Markdown files as RSS, Atom, JSON Feed, a JSON listing and pages" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

# tzdata is for `site.timezone` and zones in dates. The user has a fixed number, so that folders can be made its own. /state belongs to
# it, and so does a new volume that is mounted there
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 feedmill \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /state --shell /usr/sbin/nologin feedmill \
    && install --directory --owner=10001 --group=10001 /posts /state
COPY --from=build /usr/local/bin/feedmill /usr/local/bin/feedmill

USER 10001:10001
VOLUME ["/posts", "/state"]
ENV FEEDMILL_LISTEN=0.0.0.0:8080 \
    FEEDMILL_STATE=/state
EXPOSE 8080

# asks /healthz on the port of FEEDMILL_LISTEN, with bash, for the image has no curl. If that is not host:port, use --no-healthcheck or
# --health-cmd
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["bash", "-c", "exec 3<>\"/dev/tcp/127.0.0.1/${FEEDMILL_LISTEN##*:}\" && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]

ENTRYPOINT ["feedmill"]
CMD ["serve", "/posts"]
