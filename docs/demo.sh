#!/bin/sh
# The tour of `make demo`: validate, plan, apply, agenda, and a second apply that finds nothing to do.
set -eu

step() {
    printf '\n$ reconciler %s\n' "$*"
    reconciler "$@"
}

step validate
step plan
step apply --auto-approve
step agenda
step apply --auto-approve
printf '\nBooked in the embedded sandbox (.reconciler/sandbox.db). Edit meetings.yaml, then: .venv/bin/reconciler plan\n'
