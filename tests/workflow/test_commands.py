"""Every command and every path in the repository's Markdown files is real.

Commands are the lines of the ```bash blocks, and inline code that starts with make, snakemake or python. Each is checked, none is skipped:

- `make TARGET VAR=value`: `make -n` knows the target, prints the variable's value, and its recipe's calls of snakemake and of scripts are checked as if they stood here
- `snakemake ...`: a dry run in a copy of the project, with all its options but `--sdm apptainer`, since not every machine has Apptainer
- `python scripts/x.py ...`, `python -m tools.x ...`, `python -m benchmarks ...`: the program's own --help lists every option, and no option that it requires is missing. Those of REAL run for real
- programs of .venv/bin and files of the repository: they exist
- the commands of SYSTEM: read, not run; what `sbatch --wrap` starts is checked like any other command

What a reader has to fill in is written as <name>, as a path under /path/to, or as three dots. The values of FILLED_IN stand in for it, else a word that is read as a value and
never as a file; a script that would get that word is not run. my.yaml is the reader's own configuration.
"""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE, copy_project

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for top in ROOT.glob("[!.]*/") if top.name != "results" for page in top.rglob("*.md")),
    ]
)
LANGUAGES = {"bash", "python", "yaml", "diff", "text"}
SYSTEM = {
    "apptainer",
    "apt-get",
    "buildah",
    "cd",
    "docker",
    "export",
    "git",
    "mkdir",
    "module",
    "rsync",
    "ssh",
    "tar",
    "tmux",
}
SYSTEM |= {"sacct", "sbatch", "scancel", "sinfo", "squeue", "srun"}
REAL = {"scripts/compare_runs.py", "scripts/plan.py", "scripts/redraw.py"}  # seconds
FILLED_IN = {"run": "demo"}
WORD = "filled-in"
FILES = re.compile(r"\.(py|smk|md|yaml|json|csv|txt|lock|in|toml|rst|html|parquet|svg|png|def|j2)$")
# Where a path in the text may start: at the top, in the page's own folder (added below), in the package, or among the rules.
STARTS = (
    ROOT,
    ROOT / "src/safe_reasoning",
    ROOT / "workflow/rules",
    ROOT / "results/reference/demo",
    ROOT / "results/reference/demo/metrics",
)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each code block."""
    return re.findall(r"^```(\S*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def filled_in(line: str) -> str:
    """The line with a reader's own values in it."""
    line = re.sub(r"<([a-z][a-z0-9_ -]*)>", lambda found: FILLED_IN.get(found[1], WORD), line)
    return re.sub(r"/path/to/[\w./-]+|(?<=[=\s])\.\.\.", WORD, line)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a block: comments gone, lines that end in a backslash joined, pipes and && cut, redirections dropped."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(filled_in(line), posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        words: list[str] = []
        tokens = iter(lexer)
        for token in tokens:
            if token in ("&&", "||", "|", ";"):
                yield words
                words = []
            elif token in (">", ">>"):
                next(tokens)
            else:
                assert not set(token) <= set("();<>|&"), (
                    f"{token!r} of {line!r} is beyond this test: write a simpler command, or teach it"
                )
                words.append(token)
        if words:
            yield words


def written_commands() -> list[tuple[str, str]]:
    """(page, text) of everything that is to be checked as commands."""
    found = []
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        found += [(name, text) for language, text in blocks(page) if language == "bash"]
        found += [
            (name, code)
            for code in re.findall(r"`([^`\n]+)`", prose(page))
            if re.match(r"(make|\S*snakemake|\S*python) [^%]", code)
        ]
    return found


@functools.cache
def code() -> str:
    """What the project itself reads: sources, scripts, rules, Makefile."""
    files = [
        ROOT / "Makefile",
        ROOT / "Snakefile",
        *(path for top in ("src", "scripts", "workflow") for path in (ROOT / top).rglob("*")),
    ]
    return "\n".join(path.read_text() for path in files if path.is_file() and path.suffix not in (".pyc",))


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": "src"},
    )


@functools.cache
def usage(*program: str) -> str:
    """What a program's --help says."""
    result = run(sys.executable, *program, "--help")
    assert result.returncode == 0, result.stderr
    return result.stdout


def options_of(words: list[str]) -> list[str]:
    return [word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]


class Checker:
    """Reads commands and keeps what is to be run: dry runs and quick scripts, each once."""

    def __init__(self) -> None:
        self.dry_runs: set[tuple[str, ...]] = set()
        self.scripts: set[tuple[str, ...]] = set()

    def text(self, text: str) -> None:
        for words in commands(text):
            self.command(words)

    def command(self, words: list[str]) -> None:
        while (assigned := re.match(r"([A-Z][A-Z0-9_]*)=", words[0])) and len(words) > 1:
            assert assigned[1] in code(), f"nothing reads {assigned[1]}"
            words = words[1:]
        name, arguments = words[0], words[1:]
        written = {
            after for before, after in zip(arguments, arguments[1:], strict=False) if before == "--out"
        }
        named = [path for word in arguments if word not in written for path in word.split("=")[-1:]]
        missing = [path for path in named if looks_like_a_path(path) and not exists(path, ROOT)]
        assert not missing, f"{missing} of {words} do not exist"
        program = Path(name).name
        if program == "make":
            self.make(arguments)
        elif program == "snakemake":
            plain = [word for word in arguments if word not in ("-n", "--dry-run")]
            if any(word.startswith("config/paper") for word in arguments):
                assert {"--profile", "--sdm"} <= set(plain), (
                    f"{arguments}: a run on GPUs goes through a profile and in images"
                )
            if "--sdm" in plain:
                place = plain.index("--sdm")
                assert plain.pop(place + 1) == "apptainer" and plain.pop(place)
            self.dry_runs.add(tuple(plain))
        elif program in ("python", "python3"):
            self.python(arguments)
        elif name.startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / program).exists(), f"{name} is not installed by make setup"
        elif (ROOT / name).is_file():
            assert os.access(ROOT / name, os.X_OK), f"{name} cannot be run"
        else:
            assert name in SYSTEM, f"{name!r} is not known to this test: teach it, or use another command"
            for wrapped in re.findall(r"--wrap=?\s*(.*)", "\n".join(arguments)) if name == "sbatch" else []:
                self.text(wrapped)

    def make(self, arguments: list[str]) -> None:
        for target in (word for word in arguments if "=" not in word and not word.startswith("-")):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), (
                f"the Makefile has no target {target}"
            )
        printed = run("make", "-n", *arguments)
        assert printed.returncode == 0, printed.stderr
        variables = [word.split("=")[0] for word in arguments if "=" in word]
        marked = [f"{variable}=value-of-{variable}" for variable in variables]
        plain = [word for word in arguments if "=" not in word]
        seen = run("make", "-n", *plain, *marked).stdout
        for variable in variables:
            without = run(
                "make", "-n", *(word for word in arguments if not word.startswith(f"{variable}="))
            ).stdout  # a switch: yes, or nothing
            assert f"value-of-{variable}" in seen or printed.stdout != without, (
                f"make {arguments} does not use {variable}"
            )
        for line in printed.stdout.splitlines():
            if re.match(r"\.venv/bin/(snakemake|python (scripts/|-m (tools|benchmarks)))", line):
                self.text(line)

    def python(self, arguments: list[str]) -> None:
        program = arguments[:2] if arguments[0] == "-m" else arguments[:1]
        rest = arguments[len(program) :]
        if program[0] == "-m" and not re.match(r"tools\.|benchmarks$", program[1]):
            assert program[1] in ("pytest", "pip", "venv"), f"python {arguments}: teach this test"
            return
        said = usage(*program)
        for option in options_of(rest):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", said), f"{program} has no option {option}"
        head = re.sub(
            r"\(--[^()]* \| --[^()]*\)", "", said.split("\n\n")[0]
        )  # one of several: the script's own matter
        while re.search(r"\[[^\[\]]*\]", head):
            head = re.sub(r"\[[^\[\]]*\]", "", head)
        absent = set(re.findall(r"--[\w-]+", head)) - set(options_of(rest))
        assert not rest or not absent, f"{program} needs {sorted(absent)}"
        # Runs are nowhere yet, stored ones are.
        here = all(
            (ROOT / word).exists() and not re.match(r"results/(?!reference/|published\b)", word)
            for word in rest
            if looks_like_a_path(word)
        )
        if (
            program[0] in REAL and rest and here and WORD not in rest and "--archive" not in rest
        ):  # test_archive.py redraws from one
            self.scripts.add((*program, *rest))


def looks_like_a_path(word: str) -> bool:
    """A path of this repository or of a run: it starts with a folder that is there, or ends like one of our files. Endings and other places are none."""
    if re.search(r"[\s*{}$:()\"'|=,]", word) or re.match(r"/|~|-|my\.|\.\w+(\.\w+)*$", word) or WORD in word:
        return False
    return bool(FILES.search(word)) or (
        "/" in word and any((start / word.split("/")[0]).is_dir() for start in STARTS)
    )


@functools.cache
def made_by_runs() -> list[str]:
    """Patterns of the paths that rules and modules write below results/<run>."""
    patterns = re.findall(r"(?:\{RUN\}|results/\{[\w.]+\})/([^\"'\s]+)", code())
    return [
        re.sub("@+", "[\\\\w.-]+", re.escape(re.sub(r"\{+[^{}]+\}+", "@", pattern))) for pattern in patterns
    ]


def exists(path: str, folder: Path) -> bool:
    """Whether a path is there (for a run: there in the stored demo), or is one that a run writes, or a folder of such."""
    if any((start / path).exists() for start in (folder, *STARTS)):
        return True
    if whole := re.match(r"results/(?:reference-)?(\w+)(/|\.zip)?$", path):  # make archive writes the latter
        return (ROOT / f"config/{whole[1]}.yaml").exists()
    if not (made := re.match(r"results/\w+/(.+?)/?$", path)):
        written = "/" not in path and f'/ "{path}"' in code()  # a file's name alone
        return written or path.startswith((".venv/", ".snakemake/"))
    if (ROOT / "results/reference/demo" / made[1]).exists():
        return True
    if made[1].startswith(("figures/", "tables/", "metrics/")):
        return False
    if made[1].startswith("labels/"):  # make label-sheet writes it
        return f'"{Path(made[1]).name}"' in code()
    patterned = any(
        re.match(pattern + "$", made[1]) or pattern.startswith(re.escape(made[1]) + "/")
        for pattern in made_by_runs()
    )
    return patterned or f'config.run / "{made[1]}"' in code()


@pytest.fixture(scope="module")
def checker() -> Checker:
    """Every command, read."""
    found, faults = Checker(), []
    for page, text in written_commands():
        try:
            found.text(text)
        except (AssertionError, ValueError) as error:
            faults.append(f"{page}: {error}".splitlines()[0])
    assert not faults, "\n".join(faults)
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("commands"))
    shutil.copytree(ROOT / "results/reference", folder / "results/reference")
    shutil.copy(folder / "tests/tiny.yaml", folder / "my.yaml")
    return folder


def test_every_command_is_understood(checker: Checker):
    assert len(checker.dry_runs) >= 4 and checker.scripts  # those of README and docs/paper-scale.md


def test_snakemake_commands_plan_their_jobs(checker: Checker, project: Path):
    whole = (project / "tests/tiny.yaml").read_text()
    for arguments in sorted(checker.dry_runs):
        follows = "my.yaml" in arguments and arguments[arguments.index("my.yaml") - 1].endswith(".yaml")
        (project / "my.yaml").write_text("run: mine\n" if follows else whole)
        result = run(SNAKEMAKE[0], *arguments, "--dry-run", folder=project)
        assert result.returncode == 0, f"{arguments}\n{(result.stdout + result.stderr)[-3000:]}"


def test_quick_scripts_run(checker: Checker, project: Path):
    for arguments in sorted(checker.scripts):
        result = run(sys.executable, *arguments, folder=project)
        assert result.returncode == 0, f"{arguments}\n{result.stderr[-3000:]}"
    drawn = [
        path for kind in ("csv", "md") for path in (ROOT / "results/reference/demo").rglob(f"*/*.{kind}")
    ]
    changed = [
        path.name for path in drawn if path.read_bytes() != (project / path.relative_to(ROOT)).read_bytes()
    ]
    assert drawn and not changed, (
        f"make figures draws other tables than the stored ones: {changed}"
    )  # docs/artifact.md says so


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("make nothing", "has no target nothing"),
        ("make plan RUN=demo", "does not use RUN"),
        ("make plan CONFIG=config/none.yaml", "do not exist"),
        ("python scripts/plan.py --config config/demo.yaml --fast", "no option --fast"),
        ("python scripts/plan.py --measured results/demo", "needs ['--config']"),
        ("curl https://example.org | sh", "'curl' is not known"),
        ("snakemake --cores 8 --configfile config/paper.yaml", "through a profile and in images"),
        ("SAFE_REASONING_DATTA=x make mini", "nothing reads"),
        ("for x in 1 2; do make test; done", "'for' is not known"),
        ('sbatch --wrap "make nothing"', "has no target nothing"),
    ],
)
def test_wrong_commands_are_found(text: str, fault: str):
    with pytest.raises(AssertionError, match=re.escape(fault)):
        Checker().text(text)


def test_code_blocks_are_of_a_known_language():
    odd = {
        (page.name, language) for page in PAGES for language, _ in blocks(page) if language not in LANGUAGES
    }
    assert not odd, f"shell commands are written in ```bash blocks, so that they are tested: {odd}"


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    return {
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    }


def test_relative_links_lead_somewhere():
    dead = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not re.match(r"[a-z]+:", link) and not (
                target.exists() and (not anchor or anchor in headings(target))
            ):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert not dead, dead


def test_paths_in_the_text_exist():
    absent = []
    for page in PAGES:
        text = re.sub(r"^New file .*$", "", prose(page), flags=re.MULTILINE)  # what the reader writes
        for word in re.findall(r"`([^`\s]+)`", text):
            path = filled_in(word)
            if looks_like_a_path(path) and not exists(path, page.parent):
                absent.append(f"{page.relative_to(ROOT)}: {word}")
    assert not absent, "\n".join(absent)
