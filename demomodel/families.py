"""The font families of the scenes, and which of them are held out from training.

Each family belongs to one set only, and so do families derived from each other. The held-out score
therefore tells how well the network generalizes to new typefaces. The second renderer in the tests
has families of its own; neither they nor families derived from them are listed here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """A font family: its Debian package and the names of its files."""

    name: str
    package: str
    files: tuple[str, ...]


def _family(name: str, package: str, stem: str, faces: str, suffix: str = "ttf") -> Family:
    files = tuple(f"{stem}{face}.{suffix}" for face in faces.split("|"))
    return Family(name, package, files)


PRINTED = (
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
    _family("3270", "fonts-3270", "3270", "-Regular|SemiCondensed-Regular|Condensed-Regular"),
    _family("Accanthis", "fonts-adf-accanthis", "AccanthisADFStd-", "Regular|Bold|Italic", "otf"),
    _family("Berenis", "fonts-adf-berenis", "BerenisADFPro-", "Regular|Bold|Italic", "otf"),
    _family("Ikarius", "fonts-adf-ikarius", "IkariusADFStd-", "Regular|Bold|Italic", "otf"),
    _family("Irianis", "fonts-adf-irianis", "IrianisADFStd-", "Regular|Bold", "otf"),
    _family("Libris", "fonts-adf-libris", "LibrisADFStd-", "Regular|Bold|Italic", "otf"),
    _family("Mekanus", "fonts-adf-mekanus", "MekanusADFStd-", "Regular|Bold|Italic", "otf"),
    _family("Romande", "fonts-adf-romande", "RomandeADFStd-", "Regular|DemiBold|Italic", "otf"),
    _family("Solothurn", "fonts-adf-solothurn", "Solothurn-", "Regular|Bold|Oblique", "otf"),
    _family(
        "Switzera",
        "fonts-adf-switzera",
        "SwitzeraADF-",
        "Regular|Bold|BoldCond|BoldExt|Italic",
        "otf",
    ),
    _family("Tribun", "fonts-adf-tribun", "TribunADFStd-", "Regular|Bold|BoldCond|Italic", "otf"),
    _family(
        "Universalis",
        "fonts-adf-universalis",
        "UniversalisADFStd-",
        "Regular|Bold|BoldCond|Italic",
        "otf",
    ),
    _family("Agave", "fonts-agave", "agave-", "r-autohinted|b-autohinted"),
    _family("Allerta", "fonts-allerta", "allerta_", "medium|stencil", "otf"),
    _family("Apropal", "fonts-apropal", "Apropal-", "Bold", "otf"),
    _family("Arapey", "fonts-arapey", "Arapey-", "Thin|Regular|Black", "otf"),
    _family("Averia Serif", "fonts-averia-serif-gwf", "AveriaSerifGWF-", "Light|Regular|Bold"),
    _family("Cardo", "fonts-cardo", "Cardo", "104s|b101|i99"),
    _family("Century Catalogue", "fonts-century-catalogue", "Century-Catalogue", ""),
    _family("Cherry Bomb", "fonts-cherrybomb", "CherryBomb-", "Regular", "otf"),
    _family("Computer Modern Bright", "fonts-cmu", "cmunb", "mr|sr|bx"),
    _family("DotGothic16", "fonts-dotgothic16", "DotGothic16-", "Regular"),
    _family("Elstob", "fonts-elstob", "ElstobD-", "10pt|14ptBold", "otf"),
    _family("Engadget", "fonts-engadget", "Engadget", ""),
    _family("Essays 1743", "fonts-essays1743", "Essays1743", "|-Bold|-Italic"),
    _family("Eurofurence", "fonts-eurofurence", "eurof", "35|55|75|56"),
    _family("Fantasma", "fonts-fantasma", "Fantasma-", "Bold", "otf"),
    _family("Fanwood", "fonts-fanwood", "Fanwood", "|-Italic", "otf"),
    _family("FreeMono", "fonts-freefont-ttf", "FreeMono", "|Bold"),
    _family("FreeSans", "fonts-freefont-ttf", "FreeSans", "|Bold|Oblique"),
    _family("FreeSerif", "fonts-freefont-ttf", "FreeSerif", "|Bold|Italic"),
    _family(
        "Gemunu Libre", "fonts-gemunu-libre", "GemunuLibre-", "Light|Regular|Bold|ExtraBold", "otf"
    ),
    _family("GFS Artemisia", "fonts-gfs-artemisia", "GFSArtemisia", "|Bold", "otf"),
    _family("GFS Bodoni", "fonts-gfs-bodoni-classic", "GFSBodoniClassic", "", "otf"),
    _family("GFS Neohellenic", "fonts-gfs-neohellenic", "GFSNeohellenic", "|Bold", "otf"),
    _family("Goudy Bookletter", "fonts-goudybookletter", "GoudyBookletter1911", "", "otf"),
    _family("Hack", "fonts-hack", "Hack-", "Regular|Bold|Italic"),
    _family("Hermit", "fonts-hermit", "Hermit-", "light|medium|bold", "otf"),
    _family("Konatu", "fonts-konatu", "Konatu", ""),
    _family("League Mono", "fonts-league-mono", "LeagueMono-", "Regular|CondensedBold", "otf"),
    _family("Lexi Gulim", "fonts-lexi-gulim", "LexiGulim", ""),
    _family("Linden Hill", "fonts-lindenhill", "LindenHill", "|-Italic", "otf"),
    _family("Latin Modern Mono", "fonts-lmodern", "lmmono10-", "regular|italic", "otf"),
    _family("Latin Modern Sans", "fonts-lmodern", "lmsans10-", "regular|bold|oblique", "otf"),
    _family("Monofur", "fonts-monofur", "monof", "55|56"),
    _family("Monoid", "fonts-monoid", "Monoid-", "Regular|Bold"),
    _family("Motoya Cedar", "fonts-motoya-l-cedar", "MTLc3m", ""),
    _family("Motoya Maruberi", "fonts-motoya-l-maruberi", "MTLmr3m", ""),
    _family("Nanum Gothic", "fonts-nanum", "NanumGothic", "|Bold"),
    _family("Nanum Barun Gothic", "fonts-nanum", "NanumBarunGothic", "|Bold"),
    _family("Nanum Myeongjo", "fonts-nanum", "NanumMyeongjo", "|Bold"),
    _family("Nanum Square Round", "fonts-nanum", "NanumSquareRound", "R|B"),
    _family("Noto Serif", "fonts-noto-core", "NotoSerif-", "Regular|Bold|Italic"),
    _family("Noto Serif Display", "fonts-noto-core", "NotoSerifDisplay-", "Regular|Bold"),
    _family("Noto Sans Mono", "fonts-noto-mono", "NotoSansMono-", "Regular|Bold"),
    _family("OCR-A", "fonts-ocr-a", "OCRA", "|Bold"),
    _family("OCR-B", "fonts-ocr-b", "OCRB", "", "otf"),
    _family("Okolaks", "fonts-okolaks", "okolaks", "Regular|Bold"),
    _family("Old Standard", "fonts-oldstandard", "OldStandard-", "Regular|Bold|Italic"),
    _family("OSP-DIN", "fonts-opendin", "OSP-DIN", ""),
    _family("Oradano Mincho", "fonts-oradano-mincho-gsrr", "OradanoGSRR", ""),
    _family("osifont", "fonts-osifont", "osifont", ""),
    _family("IBM VGA", "fonts-pc", "Px_IBM_", "VGA8|CGA"),
    _family("Crystal", "fonts-povray", "crystal", ""),
    _family("Cyrvetic", "fonts-povray", "cyrvetic", ""),
    _family("Proggy", "fonts-proggy", "ProggyTiny", ""),
    _family("Radis Sans", "fonts-radisnoir", "RadisSans-", "medium", "otf"),
    _family("Reggae One", "fonts-reggae", "ReggaeOne-", "Regular"),
    _family("Roadgeek", "fonts-roadgeek", "RG2014", "B|D|F"),
    _family("Routed Gothic", "fonts-routed-gothic", "routed-gothic", "|-narrow|-wide"),
    _family("Charis", "fonts-sil-charis", "CharisSIL-", "Regular|Bold|Italic"),
    _family("Smiley Sans", "fonts-smiley-sans", "SmileySans-", "Oblique"),
    _family("Solide Mirage", "fonts-solide-mirage", "SolideMirage", "Etroit|Mono", "otf"),
    _family("StayPuft", "fonts-staypuft", "StayPuft", ""),
    _family("Stick", "fonts-stick", "Stick-", "Regular"),
    _family("STIX", "fonts-stix", "STIX-", "Regular|Bold|Italic", "otf"),
    _family("Summersby", "fonts-summersby", "summersby", ""),
    _family("Takao Gothic", "fonts-takao-gothic", "TakaoGothic", ""),
    _family("Takao Mincho", "fonts-takao-mincho", "TakaoMincho", ""),
    _family("TeX Gyre Heros", "fonts-texgyre", "texgyreheros-", "regular|bold|italic", "otf"),
    _family("Tiresias Infofont", "fonts-tiresias", "tiresias_infofont", "|_bold"),
    _family("Kinnari", "fonts-tlwg-kinnari-otf", "Kinnari", "|-Bold", "otf"),
    _family("Laksaman", "fonts-tlwg-laksaman-otf", "Laksaman", "|-Bold", "otf"),
    _family("Sawasdee", "fonts-tlwg-sawasdee-otf", "Sawasdee", "|-Bold", "otf"),
    _family("Tlwg Typewriter", "fonts-tlwg-typewriter-otf", "TlwgTypewriter", "|-Bold", "otf"),
    _family("Umpush", "fonts-tlwg-umpush-otf", "Umpush", "-Light||-Bold", "otf"),
    _family("Ubuntu Title", "fonts-ubuntu-title", "Ubuntu-Title", ""),
    _family("Un Batang", "fonts-unfonts-core", "UnBatang", "|Bold"),
    _family("Un Graphic", "fonts-unfonts-core", "UnGraphic", "|Bold"),
    _family("Un Yetgul", "fonts-unfonts-extra", "UnYetgul", ""),
    _family("Nimbus Roman", "fonts-urw-base35", "NimbusRoman-", "Regular|Bold|Italic", "otf"),
    _family("Nimbus Sans Narrow", "fonts-urw-base35", "NimbusSansNarrow-", "Regular|Bold", "otf"),
    _family("Z003", "fonts-urw-base35", "Z003-", "MediumItalic", "otf"),
    _family("Vollkorn", "fonts-vollkorn", "Vollkorn-", "Regular|Bold|Black"),
    _family("Do Hyeon", "fonts-woowa-bm", "BMDOHYEON_ttf", ""),
    _family("Hanna", "fonts-woowa-bm", "BMHANNA", "Air_ttf|Pro"),
    _family("Jua", "fonts-woowa-bm", "BMJUA_ttf", ""),
    _family("Yrsa", "fonts-yrsa-rasa", "Yrsa-", "Light|Regular|Bold"),
    _family("Conduit", "fonts-aenigma", "conduit", ""),
    _family("Elsewhere", "fonts-aenigma", "elsewher", ""),
    _family("Jeopardize", "fonts-aenigma", "jeopard", "i|t"),
    _family("Homespun", "fonts-aenigma", "homespun", ""),
    _family("Hyperion", "fonts-aenigma", "hyperion", ""),
    _family("Intersect", "fonts-aenigma", "intersec", ""),
    _family("Kaliber", "fonts-aenigma", "kaliber", "r|s"),
    _family("Lamebrain", "fonts-aenigma", "lamebrai", ""),
    _family("Larkspur", "fonts-aenigma", "larkspur", ""),
    _family("Mishmash", "fonts-aenigma", "mishmash", ""),
    _family("Opiated", "fonts-aenigma", "opiated", ""),
    _family("Pneumatics", "fonts-aenigma", "pneu", "mati|tall|wide"),
    _family("Granular", "fonts-aenigma", "granular", ""),
    _family("Amplitude", "fonts-aenigma", "amplitud", ""),
    _family("Enthuse", "fonts-aenigma", "enthuse", ""),
    _family("Freaktur", "fonts-aenigma", "freaktur", ""),
)
"""Faces in print, on signs and on screens."""

SEGMENTED = (
    _family("DSEG 7Classic", "fonts-dseg", "DSEG7Classic-", "Light|Regular|Bold|Italic|BoldItalic"),
    _family(
        "DSEG 7ClassicMini",
        "fonts-dseg",
        "DSEG7ClassicMini-",
        "Light|Regular|Bold|Italic|BoldItalic",
    ),
    _family("DSEG 7Modern", "fonts-dseg", "DSEG7Modern-", "Light|Regular|Bold|Italic|BoldItalic"),
    _family(
        "DSEG 7ModernMini", "fonts-dseg", "DSEG7ModernMini-", "Light|Regular|Bold|Italic|BoldItalic"
    ),
    _family("DSEG 14Classic", "fonts-dseg", "DSEG14Classic-", "Regular|BoldItalic"),
    _family("DSEG 14Modern", "fonts-dseg", "DSEG14Modern-", "Regular|BoldItalic"),
)
"""Faces of seven- and fourteen-segment displays, used for digits alone.

Their letters are drawn as digits are: ``S`` as 5, ``B`` as 8.
"""

HANDWRITTEN = (
    _family(
        "Because We Build",
        "fonts-bwht",
        "BecauseWe",
        "Build-Regular|Connect-Regular|Create-Regular",
        "otf",
    ),
    _family(
        "Because We Learn",
        "fonts-bwht",
        "BecauseWe",
        "Learn-Regular|Mentor-Regular|Organize-Regular",
        "otf",
    ),
    _family("Bajaderka", "fonts-bajaderka", "Bajaderka-", "Regular", "otf"),
    _family("Breip", "fonts-breip", "Breip", ""),
    _family("dkg", "fonts-dkg-handwriting", "dkg", "|Bd|It"),
    _family("Dancing Script", "fonts-dancingscript", "DancingScript-", "Regular|Bold", "otf"),
    _family("Ecolier", "fonts-ecolier-court", "Ecolier-court", ""),
    _family("Havana", "fonts-havana", "Havana-", "Regular", "otf"),
    _family("Humor Sans", "fonts-humor-sans", "Humor-Sans", ""),
    _family("Isabella", "fonts-isabella", "Isabella", ""),
    _family("Kiloji", "fonts-kiloji", "kiloji", "|_b"),
    _family("Klee One", "fonts-klee", "KleeOne-", "Regular|SemiBold"),
    _family("Kristi", "fonts-kristi", "Kristi", ""),
    _family("Leckerli One", "fonts-leckerli-one", "LeckerliOne-", "Regular"),
    _family("Abecedario", "fonts-linex", "Abecedario", "|Negrita"),
    _family("Nanum Pen", "fonts-nanum-extra", "Nanum", "Pen|Brush|BarunpenR|BarunpenB"),
    _family("Rufscript", "fonts-rufscript", "Rufscript010", ""),
    _family("Seto", "fonts-seto", "setofont", ""),
    _family("Delphine", "fonts-sjfonts", "Delphine", ""),
    _family("SteveHand", "fonts-sjfonts", "SteveHand", ""),
    _family("Purisa", "fonts-tlwg-purisa-otf", "Purisa", "|-Bold", "otf"),
    _family("Tomson Talks", "fonts-tomsontalks", "TomsonTalks", ""),
    _family("Un Pilgi", "fonts-unfonts-core", "UnPilgi", "|Bold"),
    _family("Yeon Sung", "fonts-woowa-bm", "BMYEONSUNG_ttf", ""),
    _family("Kirang Haerang", "fonts-woowa-bm", "BMKIRANGHAERANG-TTF", ""),
    _family("Aescrawl", "fonts-aenigma", "aescrawl", ""),
    _family("Jekyll", "fonts-aenigma", "jekyll", ""),
    _family("MacScrawl", "fonts-aenigma", "", "jmacscrl|madscrwl"),
)
"""Faces that imitate pens, brushes and pencils."""

TRAINING = PRINTED + SEGMENTED + HANDWRITTEN

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
