"""What pacing costs, and where it fails by itself."""

from fractions import Fraction

import numpy as np

from kvproof.bounds.families.family import Witness, at_least, from_classes, schedule
from kvproof.scheduling.instance import Instance
from kvproof.scheduling.paced import PacedSVF, releases


def paced_wave(*, k: int, prompt: int, output: int) -> Witness:
    """Return k equal requests that fit all at once; pacing spreads their starts."""
    at_least(k=(k, 2), prompt=(prompt, 0), output=(output, 1))
    instance = from_classes(k * (prompt + output), [(prompt, output, k)])
    return Witness(
        family="paced_wave",
        parameters={"k": k, "prompt": prompt, "output": output},
        policy=PacedSVF(),
        skip=False,
        instance=instance,
        feasible=schedule(instance, np.zeros(k, np.int64)),
    )


def ending_together(*, length: int, least: int, each: int) -> Instance:
    """Return near-equal volumes, slim ones first, whose paced starts end together.

    `each` requests a step, of outputs length, length - least, ..., least; their volumes rise by as
    little as whole prompts allow. M is what starts `each` a step at c = 1.
    """
    at_least(least=(least, 1), length=(length, least + 1), each=(each, 1))
    classes = []
    volume = 0
    for output in range(length, least - 1, -least):
        triangle = output * (output + 1) // 2
        prompt = max(0, -(-(volume - triangle) // output))
        volume = prompt * output + triangle
        classes.append((prompt, output, each * least))
    highest = max(prompt + output for prompt, output, _ in classes)
    return from_classes(each * volume + highest, classes)


def pure_pacing_peak(instance: Instance) -> Fraction:
    """Return the tokens that paced starts at c = 1 hold when the first ends, over the memory.

    The starts alone, without the test of admission.
    """
    requests = instance.expanded()
    starts = releases(requests, Fraction(1))
    step = int((starts + requests.output).min())
    runs = starts < step
    held = int((requests.prompt[runs] + step - starts[runs]).sum())
    return Fraction(held, instance.memory)
