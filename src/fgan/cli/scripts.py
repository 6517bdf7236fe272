"""Scripts for shells, of what can follow each verb."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fgan.cli.completion import Completions

BASH = r"""
_fgan_runs() {
  local folder
  for folder in "$1"*/ "$1"*/*/ "$1"*/*/*/; do
    if [[ -f ${folder}config.json || -f ${folder}comparison.json ]]; then printf '%s\n' "${folder%/}"; fi
  done
}

_fgan() {
  # Words as they were typed: bash also cuts them at ':' and '='.
  local line=${COMP_LINE:0:COMP_POINT} current before= verb word list= cut
  local -a parts
  read -ra parts <<< "$line"
  [[ $line == *[[:space:]] ]] && parts+=("")
  verb=${parts[1]-} current=${parts[${#parts[@]}-1]}
  COMPREPLY=()
  if [[ ${#parts[@]} -le 2 ]]; then
    list=$_fgan_verbs
  else
    before=${parts[${#parts[@]}-2]}
    [[ $current == --*=* ]] && before=${current%%=*} current=${current#*=}
    if [[ $before == -* ]] && list=$(_fgan_values "$verb" "$before"); then :
    elif [[ $current == -* ]]; then list=$(_fgan_flags "$verb")
    else list=$(_fgan_words "$verb"); fi
  fi
  local last=${current##*,} first=
  [[ $current == *,* ]] && first=${current%"$last"}
  while IFS= read -r word; do
    case $word in
      @files)
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
        compopt -o filenames 2> /dev/null ;;
      @runs) while IFS= read -r word; do COMPREPLY+=("$word"); done < <(_fgan_runs "$current") ;;
      "$last"*) [[ -n $word ]] && COMPREPLY+=("$first$word") ;;
    esac
  done <<< "$list"
  cut=${current%"${current##*[:=]}"}
  if [[ -n $cut ]]; then COMPREPLY=("${COMPREPLY[@]#"$cut"}"); fi
}

complete -F _fgan fgan
"""

ZSH = r"""
_fgan_runs() {
  local folder
  for folder in ${PREFIX}*/(N) ${PREFIX}*/*/(N) ${PREFIX}*/*/*/(N); do
    if [[ -f ${folder}config.json || -f ${folder}comparison.json ]]; then print -r -- ${folder%/}; fi
  done
}

_fgan() {
  local verb=${words[2]} before=${words[CURRENT-1]} list=
  local -a found
  if (( CURRENT == 2 )); then
    list=$_fgan_verbs
  else
    if [[ ${words[CURRENT]} == --*=* ]]; then before=${words[CURRENT]%%=*}; compset -P '*='; fi
    if [[ $before == -* ]] && list=$(_fgan_values "$verb" "$before"); then :
    elif [[ ${words[CURRENT]} == -* ]]; then list=$(_fgan_flags "$verb")
    else list=$(_fgan_words "$verb"); fi
  fi
  found=(${(f)list})
  if (( ${found[(Ie)@runs]} )); then compadd -f -- ${(f)"$(_fgan_runs)"}; fi
  if (( ${found[(Ie)@files]} )); then _files; fi
  found=(${found:#@*})
  compset -P '*,'
  compadd -- $found
}

if [[ $funcstack[1] == _fgan ]]; then _fgan "$@"; else compdef _fgan fgan; fi
"""

FISH = r"""
function __fgan_runs
    set -l current (commandline -ct)
    for folder in $current*/ $current*/*/ $current*/*/*/
        if test -f $folder/config.json -o -f $folder/comparison.json
            string trim --right --chars=/ $folder
        end
    end
end

complete -c fgan -f
"""


def bash_script(verbs: Mapping[str, str], completions: Mapping[str, Completions]) -> str:
    """Return the script for bash.

    Args:
        verbs: what each verb does.
        completions: what can follow it.
    """
    return f"# bash completion of fgan\n{_tables(verbs, completions)}{BASH}".rstrip()


def zsh_script(verbs: Mapping[str, str], completions: Mapping[str, Completions]) -> str:
    """Return the script for zsh; see `bash_script`."""
    return f"#compdef fgan\n{_tables(verbs, completions)}{ZSH}".rstrip()


def fish_script(verbs: Mapping[str, str], completions: Mapping[str, Completions]) -> str:
    """Return the script for fish; see `bash_script`."""
    lines = ["# fish completion of fgan", FISH.strip()]
    for verb, what in verbs.items():
        lines.append(f"complete -c fgan -n __fish_use_subcommand -a {verb} -d '{_plain(what)}'")
    for verb, one in completions.items():
        here = f"complete -c fgan -n '__fish_seen_subcommand_from {verb}'"
        lines += [f"{here}{_fish_values(one.words)}"] if one.words else []
        lines += [f"{here} -l {flag[2:]} -r{_fish_values(values)}" for flag, values in one.flags.items()]
        lines += [f"{here} -l {switch[2:]}" for switch in one.switches]
    return "\n".join(lines)


def _fish_values(values: Iterable[str]) -> str:
    values = list(values)
    files = " -F" if "@files" in values else ""
    words = [value for value in values if not value.startswith("@")]
    words += ["(__fgan_runs)"] if "@runs" in values else []
    return files + (f" -a '{' '.join(words)}'" if words else "")


def _plain(text: str) -> str:
    return text.replace("'", "")


def _tables(verbs: Mapping[str, str], completions: Mapping[str, Completions]) -> str:
    """Return functions that say what can follow, a line each, in words of both bash and zsh."""
    flags, values, words = [], [], []
    for verb, one in completions.items():
        flags.append(f"    {verb}) {_said(sorted([*one.flags, *one.switches]))} ;;")
        words.append(f"    {verb}) {_said(one.words)} ;;")
        values += [f"    '{verb} {flag}') {_said(known)} ;;" for flag, known in one.flags.items()]
    parts = [
        f"_fgan_verbs='{chr(10).join(verbs)}'",
        _function("_fgan_flags", '"$1"', flags),
        _function("_fgan_words", '"$1"', words),
        _function("_fgan_values", '"$1 $2"', [*values, "    *) return 1 ;;"]),
    ]
    return "\n".join(parts)


def _function(name: str, of: str, cases: Iterable[str]) -> str:
    return "\n".join([f"{name}() {{", f"  case {of} in", *cases, "  esac", "}"])


def _said(words: Iterable[str]) -> str:
    known = " ".join(f"'{word}'" for word in words)
    return f"printf '%s\\n' {known}" if known else ":"
