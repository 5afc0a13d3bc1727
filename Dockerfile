# feedmill as a container: posts come in at /posts (read-only is fine), feeds go out at port 8080. The operator's address stays inside
# (127.0.0.1:8081) unless FEEDMILL_ADMIN says otherwise.
#
#   docker build --tag feedmill .
#   docker run --publish 8080:8080 --volume "$PWD/posts:/posts:ro" --env FEEDMILL_BASE_URL=https://example.com feedmill

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# the caches keep compiled dependencies between builds, but are no part of the layer: the binary has to be copied out
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked \
    && cp target/release/feedmill /usr/local/bin/feedmill

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="feedmill" \
      org.opencontainers.image.description="Drop Markdown into a folder; the world gets RSS, Atom, JSON Feed and a paginated listing" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

# tzdata knows what `site.timezone` and zones in dates mean; the user has a fixed number, so that volumes can be given to it
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

# asks /healthz on the port that is listened on, with what the image has: bash. For a listener other than host:port, disable it or bring
# another (--no-healthcheck, --health-cmd)
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
    CMD ["bash", "-c", "exec 3<>\"/dev/tcp/127.0.0.1/${FEEDMILL_LISTEN##*:}\" && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]

ENTRYPOINT ["feedmill"]
CMD ["serve", "/posts"]
