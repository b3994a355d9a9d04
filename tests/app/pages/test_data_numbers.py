from core.annotation.corrections import Operation, Request
from tests.made import make_workspace
from tests.storage.stored_samples import correct


def shown(workspace):
    from app.pages.data_numbers import Numbers

    return Numbers(workspace).show()


def test_people_are_told_apart_once_there_are_two(tmp_path):
    workspace, (image,) = make_workspace(tmp_path / "workspace", proposals=0)
    with workspace.database.write() as session:
        correct(session, image.id, Request(Operation.DONE), user="ann")
    assert "Work by person" not in shown(workspace)
    with workspace.database.write() as session:
        correct(session, image.id, Request(Operation.DONE, done=False), user="<b>ben", client="another one")
    told = shown(workspace)
    assert "Work by person" in told
    assert "&lt;b&gt;ben" in told
    assert "<b>ben" not in told
