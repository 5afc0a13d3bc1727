# every recipe, by group
default:
    @just --list

# serve a folder of posts and watch it
[group('try')]
serve posts="posts" *options:
    cargo run --release -- serve {{ posts }} {{ options }}

# say what is wrong with a folder of posts
[group('try')]
check-posts posts="posts":
    cargo run -- check {{ posts }}

# compile without building
[group('develop')]
check:
    cargo check --all-targets

# run the tests whose names hold the given words, or all
[group('develop')]
test *words:
    cargo test {{ words }}

# format the code
[group('develop')]
fmt:
    cargo fmt

# run clippy as strictly as CI does
[group('before a commit')]
lint:
    cargo clippy --all-targets --locked -- -D warnings

# all that CI checks
[group('before a commit')]
ci:
    bash .ci/run

# licences, sources and advisories of the dependencies; needs cargo-deny and, for the advisories, the network
[group('before a release')]
deny *checks:
    cargo deny check {{ checks }}

# build the container image
[group('before a release')]
image:
    docker build --tag feedmill .
