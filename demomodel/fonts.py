"""The font families of the scenes, and which of them are held out from training.

Each family belongs to one set only, and so do families derived from each other. The held-out score
therefore tells how well the network generalizes to new typefaces.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from export.errors import FontsMissing

BUILT_IN = "built-in"
"""The scalable face that ships with Pillow; it counts as a training family."""

FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/share/texmf/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts").expanduser(),
)


@dataclass(frozen=True)
class Family:
    """A font family: its Debian package and the names of its files."""

    name: str
    package: str
    files: tuple[str, ...]


def _family(name: str, package: str, stem: str, faces: str, suffix: str = "ttf") -> Family:
    files = tuple(f"{stem}{face}.{suffix}" for face in faces.split("|"))
    return Family(name, package, files)


TRAINING = (
    _family("DejaVu Sans", "fonts-dejavu-core", "DejaVuSans", "|-Bold"),
    _family("DejaVu Sans Mono", "fonts-dejavu-core", "DejaVuSansMono", "|-Bold"),
    _family("DejaVu Serif", "fonts-dejavu-core", "DejaVuSerif", "|-Bold"),
    _family("Liberation Sans", "fonts-liberation", "LiberationSans-", "Regular|Bold|BoldItalic"),
    _family("Liberation Sans Narrow", "fonts-liberation", "LiberationSansNarrow-", "Regular|Bold"),
    _family("Liberation Serif", "fonts-liberation", "LiberationSerif-", "Regular|Bold|Italic"),
    _family("Liberation Mono", "fonts-liberation", "LiberationMono-", "Regular|Bold"),
    _family("Roboto", "fonts-roboto-unhinted", "Roboto-", "Light|Regular|Medium|Bold|Black|Italic"),
    _family("Roboto Condensed", "fonts-roboto-unhinted", "RobotoCondensed-", "Regular|Bold"),
    _family("Roboto Slab", "fonts-roboto-slab", "RobotoSlab-", "Light|Regular|Bold", "otf"),
    _family("Open Sans", "fonts-open-sans", "OpenSans-", "Light|Regular|Bold|ExtraBold|CondBold"),
    _family("Lato", "fonts-lato", "Lato-", "Light|Regular|Bold|Black|Italic"),
    _family("Cantarell", "fonts-cantarell", "Cantarell-", "Light|Regular|Bold|ExtraBold", "otf"),
    _family("Inconsolata", "fonts-inconsolata", "Inconsolata", "", "otf"),
    _family("C059", "fonts-urw-base35", "C059-", "Roman|Bold|Italic", "otf"),
    _family("Nimbus Mono", "fonts-urw-base35", "NimbusMonoPS-", "Regular|Bold", "otf"),
    _family("P052", "fonts-urw-base35", "P052-", "Roman|Bold|Italic", "otf"),
    _family("URW Bookman", "fonts-urw-base35", "URWBookman-", "Light|Demi|DemiItalic", "otf"),
    _family("URW Gothic", "fonts-urw-base35", "URWGothic-", "Book|Demi|DemiOblique", "otf"),
    _family("Caladea", "fonts-crosextra-caladea", "Caladea-", "Regular|Bold|Italic"),
    _family("Fira Code", "fonts-firacode", "FiraCode-", "Light|Regular|Bold"),
    _family("JetBrains Mono", "fonts-jetbrains-mono", "JetBrainsMono-", "Regular|Bold|Italic"),
    _family("Comic Neue", "fonts-comic-neue", "ComicNeue-", "Regular|Bold|Italic", "otf"),
    _family("Quicksand", "fonts-quicksand", "Quicksand-", "Light|Regular|Medium|Bold"),
    _family("Bebas Neue", "fonts-bebas-neue", "BebasNeue-", "Book|Regular|Bold", "otf"),
    _family("Linux Libertine", "fonts-linuxlibertine", "LinLibertine_", "R|RB|RI", "otf"),
    _family("Linux Biolinum", "fonts-linuxlibertine", "LinBiolinum_", "R|RB", "otf"),
    _family("Play", "fonts-play", "Play-", "Regular|Bold"),
    _family("Dosis", "fonts-dosis", "Dosis-", "Book|Medium|Bold|ExtraBold", "otf"),
    _family("Courier Prime", "fonts-courier-prime", "Courier Prime", "| Bold| Sans Bold", "otf"),
    _family("Junction", "fonts-junction", "Junction", "", "otf"),
    _family("Oxygen", "fonts-oxygen", "Oxygen-Sans", "|-Bold"),
    _family("Inter", "fonts-inter", "Inter-", "Light|Regular|Bold|Black|Italic", "otf"),
    _family("Andika", "fonts-sil-andika", "Andika-", "Regular|Bold|Italic"),
    _family("Comfortaa", "fonts-comfortaa", "Comfortaa-", "Light|Regular|Bold"),
    _family(
        "Yanone Kaffeesatz", "fonts-yanone-kaffeesatz", "YanoneKaffeesatz-", "Regular|Bold", "otf"
    ),
    _family("Tuffy", "fonts-tuffy", "Tuffy", "|_Bold|_Italic"),
    _family("Jura", "fonts-jura", "Jura-", "Regular|Bold", "otf"),
    _family("Fantasque Sans", "fonts-fantasque-sans", "FantasqueSansMono-", "Regular|Bold"),
    _family("Anonymous Pro", "fonts-anonymous-pro", "Anonymous Pro", "| B"),
    _family("Sora", "fonts-sora", "Sora-", "Light|Regular|SemiBold|ExtraBold", "otf"),
    _family("Averia", "fonts-averia-sans-gwf", "AveriaSansGWF-", "Light|Regular|Bold"),
    _family("National Park", "fonts-national-park", "NationalPark-", "Regular|Heavy", "otf"),
    _family("Latin Modern", "fonts-lmodern", "lmroman10-", "regular|bold|italic", "otf"),
    _family("GFS Didot", "fonts-gfs-didot", "GFSDidot", "|Bold", "otf"),
    _family("EB Garamond", "fonts-ebgaramond", "EBGaramond12-", "Regular|Bold", "otf"),
    _family("Karla", "fonts-karla", "Karla-", "Light|Regular|Bold|ExtraBold", "otf"),
)

HELD_OUT = (
    _family("B612", "fonts-b612", "B612-", "Regular|Bold|Italic", "otf"),
    _family("Cabin", "fonts-cabin", "Cabin-", "Regular|Bold|Italic", "otf"),
    _family("Clear Sans", "fonts-clear-sans", "ClearSans-", "Light|Regular|Bold|Italic"),
    _family("Gentium", "fonts-sil-gentium", "Gentium-", "R|I"),
    _family("Go", "fonts-go", "Go-", "Regular|Bold|Italic"),
    _family("League Spartan", "fonts-league-spartan", "LeagueSpartan-", "Regular|Bold", "otf"),
    _family("Manrope", "fonts-manrope", "Manrope-", "Light|Regular|Bold|ExtraBold"),
    _family("mononoki", "fonts-mononoki", "mononoki-", "Regular|Bold|Italic"),
    _family("PT Sans", "fonts-paratype", "PTS", "55F|56F|75F"),
    _family("PT Serif", "fonts-paratype", "PTF", "55F|56F|75F"),
    _family("Quattrocento", "fonts-quattrocento", "Quattrocento-", "Regular", "otf"),
)

Faces = tuple[tuple[str, ...], ...]
"""Files grouped by family, so that families with many faces are not chosen more often."""

BUILT_IN_FACES: Faces = ((BUILT_IN,),)


def packages() -> tuple[str, ...]:
    """Return the Debian packages of all families."""
    return tuple(sorted({family.package for family in TRAINING + HELD_OUT}))


def faces(families: tuple[Family, ...], folders: tuple[Path, ...] | None = None) -> Faces:
    """Return the files of each family, found below ``folders`` (default: ``FOLDERS``).

    Raise ``FontsMissing``, which names the packages to install, if a file is missing.
    """
    index = _index(FOLDERS if folders is None else folders)
    missing = {f.package for f in families if not all(name in index for name in f.files)}
    if missing:
        raise FontsMissing(f"fonts are missing: apt-get install {' '.join(sorted(missing))}")
    return tuple(tuple(index[name] for name in family.files) for family in families)


def training_faces() -> Faces:
    """Return the faces for training, including Pillow's own."""
    return faces(TRAINING) + BUILT_IN_FACES


def held_out_faces() -> Faces:
    """Return the faces that only evaluation uses."""
    return faces(HELD_OUT)


@lru_cache(maxsize=2048)
def load(face: str, size: int) -> ImageFont.FreeTypeFont:
    """Load a face from its file, or Pillow's own, at ``size`` pixels per em."""
    if face != BUILT_IN:
        return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise FontsMissing("Pillow was built without FreeType")
    return font


@lru_cache(maxsize=8)
def _index(folders: tuple[Path, ...]) -> dict[str, str]:
    paths: dict[str, str] = {}
    for folder in folders:
        for root, _, names in sorted(os.walk(folder)):
            for name in names:
                paths.setdefault(name, os.path.join(root, name))
    return paths
