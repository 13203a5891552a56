#!/bin/sh
# Makes the packages of a binary that is built already (`make dist` builds it before).
#
#     scripts/dist.sh [DIR]
#
# writes into DIR (target/dist): the binary, an rpm, an rpm of the Fuel client's plugin, a deb, the bill of materials, and
# SHA256SUMS. FUEL_UPDATES_SHIPPED names another binary. All files have the time SOURCE_DATE_EPOCH, so that two runs give
# the same bytes.
set -eu
umask 022
cd "$(dirname "$0")/.."
. scripts/dist/origin.sh

binary=${FUEL_UPDATES_SHIPPED:-target/x86_64-unknown-linux-gnu/release/fuel-updates}
out=${1:-target/dist}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[ -x "$binary" ] || { echo "error: $binary is not built: run \`make static\`" >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$out/work
tree=$work/tree
doc=$tree/usr/share/doc/fuel-updates

# The files of the main package.
install -D -m 755 "$binary" "$tree/usr/bin/fuel-updates"
mkdir -p "$tree/usr/share/man/man1"
"$binary" --quiet man --dir "$tree/usr/share/man/man1"
gzip -9 -n "$tree"/usr/share/man/man1/*.1
for shell in bash:bash-completion/completions/fuel-updates zsh:zsh/vendor-completions/_fuel-updates \
    fish:fish/vendor_completions.d/fuel-updates.fish; do
    file=$tree/usr/share/${shell#*:}
    mkdir -p "$(dirname "$file")"
    "$binary" completions "${shell%%:*}" >"$file"
done
install -D -m 644 src/settings/config.yaml "$tree/etc/fuel-updates/config.yaml"
mkdir -p "$tree/etc/fuel-updates/inventory"
install -D -m 644 packaging/logrotate "$tree/etc/logrotate.d/fuel-updates"
mkdir -p "$tree/usr/share/fuel-updates/graphs"
cp -R graphs/mu "$tree/usr/share/fuel-updates/graphs/mu"
[ ! -d schemas ] || cp -R schemas "$tree/usr/share/fuel-updates/schemas"
cp inventory/schema.json "$tree/usr/share/fuel-updates/inventory-schema.json"
mkdir -p "$doc/docs" "$doc/inventory" "$doc/graphs/mu"
cp LICENSE README.md CHANGELOG.md "$doc/"
[ ! -f SECURITY.md ] || cp SECURITY.md "$doc/"
cp docs/*.md "$doc/docs/"
cp inventory/README.md inventory/example.yaml "$doc/inventory/"
cp graphs/mu/README.md "$doc/graphs/mu/"
python3 scripts/dist/bill.py "$doc"
cp "$doc/sbom.cdx.json" "$out/fuel-updates-$version.cdx.json"
cp "$tree/usr/bin/fuel-updates" "$out/fuel-updates"

# The files of the plugin, where a Fuel master has its Python.
plugin=$work/plugin
site=$plugin/usr/lib/python2.7/site-packages
install -D -m 644 packaging/fuelclient/fuel_updates_fuelclient.py "$site/fuel_updates_fuelclient.py"
info=$site/fuel_updates_fuelclient-$version-py2.7.egg-info
install -D -m 644 packaging/fuelclient/entry_points.txt "$info/entry_points.txt"
echo fuel_updates_fuelclient >"$info/top_level.txt"
printf 'Metadata-Version: 1.0\nName: fuel-updates-fuelclient\nVersion: %s\nLicense: Apache-2.0\n' "$version" >"$info/PKG-INFO"

find "$tree" "$plugin" -type d -exec chmod 755 {} +
find "$tree" "$plugin" -type f ! -perm -u=x -exec chmod 644 {} +

# rpm: a payload and headers that rpm 4.11 reads.
rpm=$work/rpm
rpmbuild -bb --quiet --target x86_64-linux packaging/rpm/fuel-updates.spec \
    --define "_topdir $rpm" --define "version_ $version" --define "tree_ $work" >"$work/rpmbuild.log" 2>&1 ||
    { cat "$work/rpmbuild.log" >&2; exit 1; }
cp "$rpm"/RPMS/*/*.rpm "$out/"

# deb: the same files, with Debian's names for licences and zsh's folder.
deb=$work/deb
mkdir -p "$deb"
cp -a "$tree/." "$deb/"
{ cat packaging/deb/copyright; sed 's/^$/./; s/^/ /' LICENSE; } >"$deb/usr/share/doc/fuel-updates/copyright"
size=$(du -sk --apparent-size "$deb" | cut -f1)
mkdir "$deb/DEBIAN"
sed "s/@VERSION@/$version/; s/@SIZE@/$size/" packaging/deb/control >"$deb/DEBIAN/control"
install -m 644 packaging/deb/conffiles "$deb/DEBIAN/conffiles"
install -m 755 packaging/deb/postrm "$deb/DEBIAN/postrm"
(cd "$deb" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' md5sum >DEBIAN/md5sums)
find "$deb" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
# gzip: what dpkg of every release reads, and the same bytes whatever the number of processors.
dpkg-deb --root-owner-group -Zgzip -z9 --build "$deb" "$out/fuel-updates_${version}_amd64.deb" >"$work/dpkg-deb.log"

rm -rf "$work"
cd "$out"
sha256sum -- *.deb *.rpm *.json fuel-updates >SHA256SUMS
cat SHA256SUMS
