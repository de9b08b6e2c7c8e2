"""Builds ``unet_explorer/panel/static/page/jax.min.js.gz``: jax-js, on which a page runs a network, as one file.

    python tests/javascript/vendor.py

needs npm, the network, and zopfli (``pip install zopfli``). Nothing of jax-js is changed: it is bundled to the few
names that the page uses, as a script that declares ``jax``, and made small. Versions are pinned here; another
version is another number here, this command, and the tests of the page.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

JAX = "@jax-js/jax@0.1.25"
ESBUILD = "esbuild@0.25.12"
PLACE = Path(__file__).parents[2] / "unet_explorer" / "panel" / "static" / "page"
ENTRY = 'export { init, defaultDevice, numpy as np, lax, nn, jit, valueAndGrad } from "@jax-js/jax";\n'


def build() -> None:
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        (folder / "package.json").write_text('{"private": true}')
        (folder / "entry.js").write_text(ENTRY)
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is not installed: it comes with Node.js.")
        subprocess.run([npm, "install", "--no-audit", "--no-fund", JAX, ESBUILD], cwd=folder, check=True)
        options = ["--bundle", "--minify", "--format=iife", "--global-name=jax", "--charset=ascii", "--target=es2022"]
        esbuild = folder / "node_modules" / ".bin" / "esbuild"
        subprocess.run([esbuild, "entry.js", *options, "--outfile=jax.js"], cwd=folder, check=True)
        from zopfli.gzip import compress

        # The same build is the same bytes, whenever it is made.
        (PLACE / "jax.min.js.gz").write_bytes(compress((folder / "jax.js").read_bytes()))
        shutil.copyfile(folder / "node_modules" / "@jax-js" / "jax" / "LICENSE", PLACE / "jax.LICENSE.txt")


if __name__ == "__main__":
    build()
