"""The prover against an SMT solver, which shares neither code nor method with it."""

import ast

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from kvproof.bounds.catalogue import THEOREMS
from kvproof.bounds.proof.check import check_step
from kvproof.bounds.proof.steps import Inequality, StepVerdict

STEPS = [
    (theorem.name, step)
    for theorem in THEOREMS
    for step in theorem.steps()
    if isinstance(step, Inequality)
]


class Reading:
    """A step's text as formulas over the reals; what it divides by is noted."""

    def __init__(self) -> None:
        self.divisors: list[z3.ArithRef] = []
        self.roots: list[z3.BoolRef] = []

    def term(self, node: ast.expr) -> z3.ArithRef:
        match node:
            case ast.Constant(int(value)):
                return z3.RealVal(value)
            case ast.Name(name):
                return z3.Real(name)
            case ast.Call(ast.Name("sqrt"), [square]):
                root = z3.Real(f"root of {ast.unparse(square)}")
                self.roots += [root * root == self.term(square), root >= 0]
                return root
            case ast.UnaryOp(ast.USub(), operand):
                return -self.term(operand)
            case ast.BinOp(left, ast.Pow(), ast.Constant(int(power))):
                base = self.term(left)
                product = z3.RealVal(1)
                for _ in range(power):
                    product = product * base
                return product
            case ast.BinOp(left, operator, right):
                a, b = self.term(left), self.term(right)
                match operator:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.Div():
                        self.divisors.append(b)
                        return a / b
        raise NotImplementedError(ast.dump(node))

    def formula(self, text: str) -> z3.BoolRef:
        tree = ast.parse(text.strip(), mode="eval").body
        assert isinstance(tree, ast.Compare)
        terms = [self.term(side) for side in (tree.left, *tree.comparators)]
        relations = {
            ast.Lt: lambda a, b: a < b, ast.LtE: lambda a, b: a <= b,
            ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
        }  # fmt: skip
        pairs = zip(terms, tree.ops, terms[1:], strict=False)
        return z3.And(*(relations[type(op)](a, b) for a, op, b in pairs))


def satisfiable(*formulas: z3.BoolRef) -> bool | None:
    solver = z3.SolverFor("QF_NRA")
    solver.set("rlimit", 30_000_000)  # work, not time
    solver.add(*formulas)
    found = solver.check()
    return None if found == z3.unknown else found == z3.sat


def domain(reading: Reading, step: Inequality) -> list[z3.BoolRef]:
    return [reading.formula(text) for text in step.over]


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_every_inequality_of_every_theorem(name: str, step: Inequality) -> None:
    reading = Reading()
    where = domain(reading, step)
    claim = reading.formula(step.claim)
    where += reading.roots
    assert satisfiable(*where) is True  # it speaks of something
    assert satisfiable(*where, z3.Not(claim)) is False
    for divisor in reading.divisors:
        assert satisfiable(*where, divisor == 0) is False


coefficients = st.integers(-4, 4)


@st.composite
def claims(draw: st.DrawFn) -> Inequality:
    def polynomial() -> str:
        parts = (f"({draw(coefficients)})*x**{i}*y**{j}" for i in range(3) for j in range(3 - i))
        return " + ".join(parts)

    relation = draw(st.sampled_from([">=", ">", "<=", "<"]))
    right = polynomial() if draw(st.booleans()) else f"({polynomial()})/(1 + x*y)"
    low = draw(st.integers(0, 2))
    x = draw(st.sampled_from([f"{low} <= x", f"{low} < x", f"{low} <= x <= {low + 2}"]))
    y = draw(st.sampled_from(["0 <= y", "x <= y", "x < y < x + 1"]))
    return Inequality(f"{polynomial()} {relation} {right}", (x, y), "")


@settings(max_examples=60, deadline=None)
@given(claims())
def test_whatever_is_decided_is_right(step: Inequality) -> None:
    verdict = check_step(step).verdict
    reading = Reading()
    where = domain(reading, step)
    false_somewhere = satisfiable(*where, z3.Not(reading.formula(step.claim)))
    if verdict is StepVerdict.PASSED:
        assert false_somewhere is not True
    if verdict is StepVerdict.REJECTED:
        assert false_somewhere is not False
