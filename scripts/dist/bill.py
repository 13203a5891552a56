#!/usr/bin/env python3
"""Lists what is linked into the binary.

    bill.py DIR

writes into DIR
    sbom.cdx.json           a bill of materials, CycloneDX 1.5
    THIRD-PARTY-LICENSES    the text of each licence, with the crates that it came with

Asks cargo, git-less and offline: the crates are unpacked already where the binary was built.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

TARGET = "x86_64-unknown-linux-gnu"
NAMES = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)", re.I)


def said(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def shipped():
    """Name and version of each crate in the binary, the program itself first."""
    lines = said("cargo", "tree", "--locked", "-p", "fuel-updates", "-e", "normal,no-proc-macro", "--target", TARGET,
                 "--prefix", "none", "-f", "{p}").splitlines()
    found = []
    for line in lines:
        words = line.replace(" (*)", "").split()
        if len(words) >= 2:
            crate = (words[0], words[1].lstrip("v"))
            if crate not in found:
                found.append(crate)
    return found[:1] + sorted(found[1:])


def checksums():
    """SHA-256 of each crate's archive, from Cargo.lock."""
    lock = pathlib.Path("Cargo.lock").read_text()
    entry = re.compile(r'name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "([0-9a-f]{64})"')
    return {(name, version): checksum for name, version, checksum in entry.findall(lock)}


def expression(package):
    return (package["license"] or "NOASSERTION").replace("/", " OR ")


def component(package, checksum):
    reference = "pkg:cargo/{name}@{version}".format(**package)
    found = {
        "type": "library", "bom-ref": reference, "name": package["name"], "version": package["version"],
        "description": " ".join((package["description"] or "").split()), "purl": reference,
        "licenses": [{"expression": expression(package)}],
    }
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def runtime():
    """What is linked in and is no crate."""
    rust = said("rustc", "--version").split()[1]
    glibc = said("getconf", "GNU_LIBC_VERSION").split()[1]
    return [
        {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": rust,
         "description": "The standard library of Rust", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
        {"type": "library", "bom-ref": "glibc", "name": "glibc", "version": glibc,
         "description": "The GNU C library", "licenses": [{"expression": "LGPL-2.1-or-later"}]},
    ]


def bill(packages, crates, dependencies):
    sums = checksums()
    program = component(packages[crates[0]], None)
    program["type"] = "application"
    components = [component(packages[crate], sums.get(crate)) for crate in crates[1:]] + runtime()
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    references = {crate: "pkg:cargo/%s@%s" % crate for crate in crates}
    graph = [{"ref": references[crate], "dependsOn": sorted(references[d] for d in dependencies[crate] if d in references)}
             for crate in crates]
    graph[0]["dependsOn"] += ["rust-std", "glibc"]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"timestamp": moment, "component": program},
        "components": components, "dependencies": graph,
    }


def licences(packages, crates):
    """Texts, each once, with the crates that have it."""
    texts, without = {}, []
    for crate in crates[1:]:
        package = packages[crate]
        folder = pathlib.Path(package["manifest_path"]).parent
        files = sorted(f for f in folder.iterdir() if f.is_file() and NAMES.match(f.name))
        label = "%s %s (%s)" % (*crate, expression(package))
        if not files:
            without.append(label)
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace").strip() + "\n"
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            texts.setdefault(key, (text, []))[1].append(label)
    rule = "=" * 100
    parts = ["The program fuel-updates is under the licence Apache-2.0 (LICENSE). It is linked statically; these are the\n"
             "licences of what is in it.\n"]
    for text, labels in texts.values():
        parts.append("%s\n%s\n%s\n\n%s" % (rule, "\n".join(sorted(set(labels))), rule, text))
    if without:
        parts.append("%s\nThese crates name their licence and bring no text of their own:\n%s\n" % (rule, "\n".join(without)))
    lgpl = pathlib.Path("/usr/share/common-licenses/LGPL-2.1")
    text = lgpl.read_text() if lgpl.exists() else "Its text: https://www.gnu.org/licenses/old-licenses/lgpl-2.1.txt\n"
    parts.append("%s\nglibc (LGPL-2.1-or-later). The source of fuel-updates being open, whoever wants to relink it can.\n%s\n\n%s"
                 % (rule, rule, text))
    parts.append("%s\nThe standard library of Rust (MIT OR Apache-2.0): https://github.com/rust-lang/rust\n" % rule)
    return "\n".join(parts)


def main():
    out = pathlib.Path(sys.argv[1])
    metadata = json.loads(said("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET))
    by_id = {p["id"]: (p["name"], p["version"]) for p in metadata["packages"]}
    packages = {(p["name"], p["version"]): p for p in metadata["packages"]}
    dependencies = {
        by_id[node["id"]]: {by_id[d["pkg"]] for d in node["deps"] if any(k["kind"] is None for k in d["dep_kinds"])}
        for node in metadata["resolve"]["nodes"]
    }
    crates = shipped()
    text = json.dumps(bill(packages, crates, dependencies), indent=1, sort_keys=False)
    (out / "sbom.cdx.json").write_text(text + "\n")
    (out / "THIRD-PARTY-LICENSES").write_text(licences(packages, crates))


main()
