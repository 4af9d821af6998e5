#!/bin/sh
# All of a release, of the commit that is checked out, into `dist/`; publishes nothing.
#   sh release/make.sh [wheels] [bundle] [images]      (all three where none is named)
# PYTHON: that of an environment with docchu's extra `dev`. DIST: another folder than `dist/`.
# BUILD_FLAGS: what the images' builder needs here, such as a proxy's certificates.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
dist=${DIST:-$PWD/dist}
parts=${*:-wheels bundle images}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From the commit and nothing else: what lies about in the checkout is in no release.
mkdir -p "$dist" "$work/sources"
git archive HEAD | tar xf - -C "$work/sources"

has() { case " $parts " in *" $1 "*) return 0 ;; esac; return 1; }

# The client and the server, each as an sdist and a wheel that is made of it.
if has wheels; then
    rm -f "$dist"/docchu-*.whl "$dist"/docchu-*.tar.gz "$dist"/docchu_server-*
    for source in "$work/sources" "$work/sources/release/server"; do
        "$python" -m build --no-isolation --outdir "$dist" "$source" >"$work/log" 2>&1 ||
            { cat "$work/log"; exit 1; }
    done
fi

# For a machine of this kind without a network: all wheels that the server needs, what they are
# (requirements.txt, with checksums), and their bill of materials. With the processors' torch:
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make release
if has bundle; then
    name=docchu-$version-offline-$(uname -s | tr A-Z a-z)-$(uname -m)
    mkdir "$work/$name"
    "$python" -m pip download -q --only-binary=:all: -d "$work/$name" -c constraints.txt --find-links "$dist" \
        "docchu[server,mcp]==$version"
    cp release/OFFLINE.md "$work/$name/README.md"
    "$python" release/lock.py "$work/$name" >"$work/$name/requirements.txt"
    "$python" -m cyclonedx_py requirements "$work/$name/requirements.txt" \
        --pyproject pyproject.toml --output-reproducible -o "$dist/docchu-$version.cdx.json"
    tar cf "$dist/$name.tar" -C "$work" "$name"
fi

# Images, where something can build them and the base image can be had.
if has images; then
    builder=
    for one in docker podman; do
        if "$one" info >/dev/null 2>&1; then builder=$one; break; fi
    done
    for image in ${builder:+api worker}; do
        title=org.opencontainers.image
        if "$builder" build -q ${BUILD_FLAGS:-} -f "$work/sources/Dockerfile.$image" -t "docchu-$image:$version" \
            --label "$title.title=docchu-$image" --label "$title.version=$version" \
            --label "$title.revision=$(git rev-parse HEAD)" --label "$title.licenses=Apache-2.0" \
            "$work/sources" >/dev/null 2>"$work/log"; then
            "$builder" save -o "$dist/docchu-$image-$version.tar" "docchu-$image:$version"
        else
            echo "no image docchu-$image: $(tail -n 1 "$work/log")" >&2
        fi
    done
    [ "$builder" ] || echo "no images: neither docker nor podman works here" >&2
fi

cd "$dist"
rm -f SHA256SUMS
sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS
cat SHA256SUMS
