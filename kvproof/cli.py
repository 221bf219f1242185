"""The table of commands; a command's module is imported only when it runs."""

import importlib
from collections.abc import Iterable

import click

import kvproof

# name: (module with the object `command`, what it does in one line)
COMMANDS = {
    "verify": (
        "kvproof.commands.verify",
        "Schedule a trace by each policy and prove how far each is from optimal.",
    ),
    "headroom": (
        "kvproof.commands.headroom",
        "Say by how much a policy's mean latency can be cut, at least and at most.",
    ),
    "simulate": (
        "kvproof.commands.simulate",
        "Schedule a trace by one policy and write the schedule.",
    ),
    "certify": (
        "kvproof.commands.certify",
        "Write a claim about a trace with its proof, for anyone to check.",
    ),
    "check": (
        "kvproof.commands.check",
        "Verify certificates, trusting nothing but the checker.",
    ),
    "checker": (
        "kvproof.commands.checker",
        "Write the checker as one file that runs alone.",
    ),
    "solve": (
        "kvproof.commands.solve",
        "Find the optimum of a small instance, with a proof.",
    ),
    "improve": (
        "kvproof.commands.improve",
        "Find the best schedule that the time allows, and prove how good it is.",
    ),
    "memory": (
        "kvproof.commands.memory",
        "Say how many tokens a model's KV cache holds on given GPUs.",
    ),
    "draw": (
        "kvproof.commands.draw",
        "Draw the schedule of a policy, memory over time.",
    ),
    "vllm": (
        "kvproof.commands.vllm",
        "Run vLLM's own scheduler over a trace and prove how far it is from optimal.",
    ),
    "certify-run": (
        "kvproof.commands.certify_run",
        "Prove how far from optimal any engine was, from its log alone.",
    ),
    "search": (
        "kvproof.commands.search",
        "Look for instances on which a policy is bad, with certified ratios.",
    ),
    "frontier": (
        "kvproof.commands.frontier",
        "Map the worst ratio of strict SVF over eps: found, known, proved.",
    ),
    "replay": (
        "kvproof.commands.replay",
        "Run a witness again and have the checker judge it.",
    ),
    "shrink": (
        "kvproof.commands.shrink",
        "Make a witness smaller while it keeps its ratio.",
    ),
    "witness": (
        "kvproof.commands.witness",
        "List or show what a search has found.",
    ),
    "exhaust": (
        "kvproof.commands.exhaust",
        "Prove by exhaustion how bad a policy is in a small box.",
    ),
    "theorems": (
        "kvproof.commands.theorems",
        "List what is claimed; check a proof step by step.",
    ),
    "taxonomy": (
        "kvproof.commands.taxonomy",
        "The best known bounds for every case, checked and drawn.",
    ),
    "experiment": (
        "kvproof.commands.experiment",
        "Run an experiment of the paper again.",
    ),
    "warm": (
        "kvproof.commands.warm",
        "Compile every kernel now, so that no command has to wait for it later.",
    ),
    "doctor": (
        "kvproof.commands.doctor",
        "Say what is installed, and which solvers are found.",
    ),
}

_TRACE = "examples/azure_code_1000.csv --memory 60000 --backlog"
#: An example beyond so many characters goes on in a second line.
_LONG = 54
#: A command line for each command's help; a subcommand's name stands behind its group's.
EXAMPLES = {
    "verify": f"kvproof verify {_TRACE}",
    "headroom": f"kvproof headroom {_TRACE} --policy fcfs",
    "memory": "kvproof memory llama-3.1-8b@80GiB",
    "simulate": f"kvproof simulate {_TRACE} --policy svf --out svf.csv",
    "certify": f"kvproof certify {_TRACE} --out svf.json.gz",
    "check": "kvproof check svf.json.gz",
    "checker": "kvproof checker --out check_kvproof.py",
    "solve": "kvproof solve instance.json --certificate opt.json --svg opt.svg",
    "improve": f"kvproof improve {_TRACE} --time-limit 20",
    "draw": f"kvproof draw {_TRACE} --limit 40 --out svf.svg",
    "vllm": "kvproof vllm trace.csv --blocks 500 --policy fcfs,svf",
    "certify-run": "kvproof certify-run log.csv --memory 60000 --step 0.05",
    "search": "kvproof search --policy sjf --memory 1000 --max-eps 1/2 --out run",
    "frontier": "kvproof frontier --memory 10000 --requests 500 --out frontier",
    "replay": "kvproof replay run/best.json",
    "shrink": "kvproof shrink run/best.json --out small.json",
    "witness": "kvproof witness list run",
    "witness list": "kvproof witness list run",
    "witness show": "kvproof witness show run --number 1",
    "exhaust": "kvproof exhaust --memory 6 --requests 4",
    "theorems": "kvproof theorems",
    "theorems show": "kvproof theorems show svf-ratio",
    "taxonomy": "kvproof taxonomy --graph taxonomy.svg",
    "experiment": "kvproof experiment poisson",
    "experiment poisson": "kvproof experiment poisson --loads 0.7,0.9,1.1 --requests 1000",
    "warm": "kvproof warm",
    "doctor": "kvproof doctor",
}


#: Stands for a hyphen while lines are broken, for one may be broken behind that.
_WHOLE = "\u2011"


class Help(click.HelpFormatter):
    """Help in which no name is broken: ``svf-1bit`` stands on one line."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", _WHOLE))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write options or commands; where lines are short the first column is narrower."""
        whole = [(name, said.replace("-", _WHOLE)) for name, said in rows]
        super().write_dl(whole, min(col_max, self.width // 3), col_spacing)

    def getvalue(self) -> str:
        """Return what was written."""
        return super().getvalue().replace(_WHOLE, "-")


class Context(click.Context):
    """A command's context, with help of that kind."""

    formatter_class = Help


class Commands(click.Group):
    """A group whose help needs none of the commands' modules."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a user's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[name][0]).command
        _dress(name, command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of an unknown one say what is near it."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            name = error.command_name
            raise click.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _dress(name: str, command: click.Command) -> None:
    """Give a command and those below it an example, and help that breaks no name."""
    command.context_class = Context
    if name in EXAMPLES:
        line = EXAMPLES[name].replace(" --", " \\\n      --", len(EXAMPLES[name]) > _LONG)
        command.epilog = f"\b\nExample:\n  {line}"
    if isinstance(command, click.Group):
        for below, subcommand in command.commands.items():
            _dress(f"{name} {below}", subcommand)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kvproof.__version__, prog_name="kvproof")
def cli() -> None:
    """Proofs about LLM-serving schedulers: bounds, certificates, worst cases.

    Exit codes: 0 done or verified, 1 rejected, 2 bad input or usage, 3 a limit was reached,
    4 internal error, 5 a theorem is contradicted, 130 interrupted.
    """
