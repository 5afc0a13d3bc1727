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

# micro-benchmarks; words pick some, such as `answer`
[group('measure')]
bench *words:
    cargo bench --bench micro -- {{ words }}

# requests against nginx, which serves the same bytes as files; `--help` after any of these tells its options
[group('measure')]
bench-serve *options:
    python3 benches/side_by_side/serve.py {{ options }}

# from nothing to a site, against whole builds by Hugo and Zola
[group('measure')]
bench-build *options:
    python3 benches/side_by_side/build.py {{ options }}

# from a save to new bytes at a client, a thousand saves at once, and what requests feel of saves
[group('measure')]
bench-change *options:
    python3 benches/side_by_side/change.py {{ options }}

# memory with every feed of the site finished
[group('measure')]
bench-memory *options:
    python3 benches/side_by_side/memory.py {{ options }}

# licences, sources and advisories of the dependencies; needs cargo-deny and, for the advisories, the network
[group('before a release')]
deny *checks:
    cargo deny check {{ checks }}

# build the container image
[group('before a release')]
image:
    docker build --tag feedmill .
