#!/usr/bin/env python3
"""Set Leadbell up in this checkout: virtual environment, locked packages, front-end files, translations.

Needs nothing but Python; each step runs only when what it depends on has changed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "leadbell-setup.json"
VENDOR = ROOT / "src/leadbell/static/vendor"
MODULES = ROOT / "node_modules"
OLDEST, NEWEST = (3, 11), (3, 14)
OLDEST_NODE = 18
#: The alphabets of the languages Leadbell speaks.
ALPHABETS = ("latin", "latin-ext", "cyrillic")


class CannotSetUp(Exception):
    """What a person has to mend first; the message says it."""


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--dev", action="store_true", help="also what tests, checks and benchmarks need")
    dev = asked.parse_args().dev
    began = time.monotonic()
    os.chdir(ROOT)
    try:
        steps = make_steps(dev)
        done = [step for step in steps if run(*step)]
    except CannotSetUp as trouble:
        print(f"\nCan't set up Leadbell: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run it again to go on.", file=sys.stderr)
        return 130
    if done:
        print(f"Leadbell is set up ({time.monotonic() - began:.0f} s).", flush=True)
    return 0


def make_steps(dev):
    """(name, what it depends on, action) in the order they are done."""
    lock = "requirements-dev.lock" if dev else "requirements.lock"
    return [
        ("venv", "Virtual environment", str(VENV), make_venv),
        ("dev" if dev else "run", "Python packages", fingerprint(lock), lambda: install(lock)),
        ("package", "Leadbell", fingerprint("pyproject.toml") + str(ROOT), install_leadbell),
        (
            "npm-dev" if dev else "npm",
            "Front-end packages",
            fingerprint("package-lock.json"),
            lambda: npm(dev),
        ),
        ("vendor", "Front-end files", fingerprint("package-lock.json", __file__), build_vendor),
        (
            "words",
            "Translations",
            fingerprint(*sorted(ROOT.glob("src/leadbell/locale/**/*.po"))),
            compile_words,
        ),
    ]


def run(name, title, wanted, action):
    """Do a step unless it was done for the same inputs; true when it was done now."""
    stamps = read_stamps()
    if stamps.get(name) == wanted and not missing(name):
        return False
    began = time.monotonic()
    print(f"{title} …", flush=True)
    action()
    print(f"{title}: done ({time.monotonic() - began:.1f} s)", flush=True)
    stamps = read_stamps()  # making the environment takes them away
    stamps[name] = wanted
    if name == "dev":  # whoever has everything has what running needs
        stamps["run"] = fingerprint("requirements.lock")
    elif name == "npm-dev":
        stamps["npm"] = wanted
    elif name == "npm":
        stamps.pop("npm-dev", None)
    STAMPS.write_text(json.dumps(stamps, indent=1))
    return True


def read_stamps():
    try:
        return json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}


def missing(name):
    """Whether the result of a step was taken away by hand."""
    return {
        "venv": not (BIN / "python").exists(),
        "package": not (BIN / "leadbell").exists(),
        "vendor": not (VENDOR / "jssip.min.js").exists(),
        "npm": not MODULES.exists() and not (VENDOR / "tabler.min.css").exists(),
        "npm-dev": not (MODULES / "axe-core").exists(),
        "words": any(not po.with_suffix(".mo").exists() for po in ROOT.glob("src/leadbell/locale/**/*.po")),
    }.get(name, False)


def fingerprint(*paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update((ROOT / path).read_bytes())
    return digest.hexdigest()


def make_venv():
    if (BIN / "python").exists() and not STAMPS.exists() and version_of(BIN / "python"):
        return  # made by hand, and it works
    python = find_python()
    print(f"  with {python} ({'.'.join(map(str, version_of(python)))})", flush=True)
    if not quiet([python, "-c", "import ensurepip"]):
        get_venv_module(python)
    shutil.rmtree(VENV, ignore_errors=True)
    call([python, "-m", "venv", str(VENV)], "the virtual environment could not be made")


def find_python():
    """A Python that the lock files are made for: the one that runs this, or another one on the PATH."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    for candidate in [sys.executable, *filter(None, map(shutil.which, names))]:
        version = version_of(candidate)
        if version and OLDEST <= version <= NEWEST:
            return candidate
    raise CannotSetUp(
        f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed, and there is only "
        f"{'.'.join(map(str, sys.version_info[:2]))} here. Install one of them and run this again."
    )


def version_of(python):
    """(3, minor) of a Python that works; None of one that doesn't."""
    try:
        asked = subprocess.run(
            [str(python), "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True
        )
    except OSError:
        return None
    return tuple(map(int, asked.stdout.split())) if asked.returncode == 0 else None


def get_venv_module(python):
    """Debian keeps `venv` in a package of its own."""
    package = f"python3.{version_of(python)[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"  installing {package}", flush=True)
        quiet(["apt-get", "update"])
        if quiet(["apt-get", "install", "-y", "--no-install-recommends", package]):
            return
    raise CannotSetUp(f"Python's venv module is missing. On Debian and Ubuntu: sudo apt install {package}")


def install(lock):
    packages = len(re.findall(r"^[a-z]", (ROOT / lock).read_text(), re.MULTILINE))
    pip("-r", lock, steps=packages)


def install_leadbell():
    pip("--no-deps", "--no-build-isolation", "--editable", ".")


def pip(*arguments, steps=0):
    """Install with pip, hashes required for everything from outside; shows how far it is."""
    hashes = ["--require-hashes"] if "-r" in arguments else []
    command = [BIN / "python", "-m", "pip", "install", "--disable-pip-version-check", *hashes, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, seen = [], 0
    for line in process.stdout:
        said.append(line)
        if steps and line.startswith(("Collecting", "Requirement already", "Ignoring")):
            seen += 1
            progress(f"  {min(seen, steps)} of {steps}")
        elif line.startswith("Installing collected"):
            progress(f"  writing {steps or 1} packages")
    progress("")
    if process.wait():
        raise CannotSetUp("pip could not install the packages:\n" + "".join(said[-15:]))


def npm(dev):
    node = node_folder()
    call(
        [node / "npm", "ci", "--ignore-scripts", *([] if dev else ["--omit=dev"])],
        "npm could not install the front-end packages",
        env={
            **os.environ,
            "PATH": f"{node}{os.pathsep}{os.environ['PATH']}",
            "npm_config_omit_lockfile_registry_resolved": "true",
        },
    )


def node_folder():
    """The folder with node and npm: the machine's where they are new enough, else from a wheel."""
    node, its_npm = shutil.which("node"), shutil.which("npm")
    if node and its_npm:
        asked = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        if re.match(r"v(\d+)", asked) and int(asked[1:].split(".")[0]) >= OLDEST_NODE:
            return Path(node).parent
    if not (BIN / "npm").exists():
        print("  no Node here: taking one from a wheel", flush=True)
        pip("-r", "requirements-node.lock", steps=2)
    return BIN


def build_vendor():
    """Copy what pages need out of node_modules; a folder is swapped in whole."""
    new = VENDOR.with_name("vendor.new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in (new, new / "fonts", new / "files"):
        folder.mkdir(parents=True)
    for source in (
        "@tabler/core/dist/css/tabler.min.css",
        "@tabler/core/dist/js/tabler.min.js",
        "htmx.org/dist/htmx.min.js",
        "htmx-ext-sse/dist/sse.min.js",
        "echarts/dist/echarts.min.js",
    ):
        text = (MODULES / source).read_text()
        (new / Path(source).name).write_text(re.sub(r"(/\*|//)# sourceMappingURL=\S+( \*/)?", "", text))
    icons = MODULES / "@tabler/icons-webfont/dist"
    shutil.copy(icons / "fonts/tabler-icons.woff2", new / "fonts")
    css = (icons / "tabler-icons.min.css").read_text()
    css = re.sub(r',url\("\./fonts/tabler-icons\.(woff|ttf)\?[^)]*\) format\("\w+"\)', "", css)
    (new / "tabler-icons.min.css").write_text(re.sub(r"/\*# sourceMappingURL=\S+ \*/", "", css))
    inter = MODULES / "@fontsource-variable/inter"
    face = r"/\* inter-(.+?)-wght-normal \*/\n(@font-face \{.*?\n\})"
    faces = re.findall(face, (inter / "wght.css").read_text(), re.DOTALL)
    kept = [(alphabet, face) for alphabet, face in faces if alphabet in ALPHABETS]
    if len(kept) != len(ALPHABETS):
        raise CannotSetUp("the Inter font has other files than expected")
    (new / "inter.css").write_text("\n".join(face for _, face in kept) + "\n")
    for alphabet, _ in kept:
        shutil.copy(inter / f"files/inter-{alphabet}-wght-normal.woff2", new / "files")
    bundle(MODULES / "jssip/lib/JsSIP.js", new / "jssip.min.js")
    shutil.rmtree(VENDOR, ignore_errors=True)
    new.rename(VENDOR)


def bundle(entry, into):
    """One module of a library that is published in parts, for a browser."""
    call(
        [
            node_folder() / "node",
            MODULES / "esbuild/bin/esbuild",
            entry,
            "--bundle",
            "--format=esm",
            "--minify",
            "--target=es2020",
            f"--outfile={into}",
        ],
        f"{entry.name} could not be bundled",
    )


def compile_words():
    for po in ROOT.glob("src/leadbell/locale/**/*.po"):
        call(
            [
                BIN / "python",
                "-m",
                "babel.messages.frontend",
                "compile",
                "-i",
                po,
                "-o",
                po.with_suffix(".mo"),
            ],
            f"{po.relative_to(ROOT)} could not be compiled",
        )


def call(command, complaint, env=None):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
    if done.returncode:
        raise CannotSetUp(f"{complaint}:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-15:]))


def quiet(command):
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def progress(text):
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
