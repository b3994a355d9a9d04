import os
import subprocess
import sys

from app.workflows.processes import ask_to_stop, is_alive, name_process
from storage.runs import ProcessName


def test_this_process_lives_and_is_not_asked_to_stop():
    me = name_process()
    assert me.pid == os.getpid()
    assert is_alive(me)
    ask_to_stop(me)


def test_a_later_process_with_the_same_number_is_another():
    me = name_process()
    assert not is_alive(ProcessName(me.pid, f"{float(me.started) - 3600:.2f}"))


def test_a_process_that_ended_is_dead_also_while_nobody_has_waited_for_it():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        name = name_process(child.pid)
        assert is_alive(name)
        ask_to_stop(name)
        while is_alive(name):
            assert child.returncode is None
        ask_to_stop(name)
    assert not is_alive(name)
    assert child.returncode == -15
