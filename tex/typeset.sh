#!/bin/sh
# Typesets a document of this folder: `sh tex/typeset.sh A2` writes build/A2.pdf.
set -u
cd "$(dirname "$0")" || exit 1
if ! command -v latexmk >/dev/null ||
    ! kpsewhich lmodern.sty enumitem.sty titlesec.sty listings.sty tikz.sty >/dev/null; then
    echo "LaTeX is missing or not whole: apt-get install latexmk lmodern texlive-latex-extra" >&2
    exit 127
fi
mkdir -p ../build/tex
if ! TEXINPUTS=.:../build/tex: latexmk -pdf -silent -file-line-error -halt-on-error \
    -outdir=../build/tex "$1.tex" >/dev/null 2>&1; then
    grep -A 3 '^[^ ]*:[0-9]*: ' "../build/tex/$1.log" >&2
    echo "$1.tex has an error; all that LaTeX says is in build/tex/$1.log" >&2
    exit 1
fi
cp "../build/tex/$1.pdf" ../build/ && echo "Wrote build/$1.pdf"
