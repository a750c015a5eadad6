"""A SLURM cluster of one machine in a folder of its own: munged, slurmctld, slurmd (one or several) and, on request, slurmdbd with MariaDB.

By hand: `python -m tests.support.slurm_cluster [--accounting] [--nodes 2]` opens a shell in which sbatch and snakemake use the cluster, and ends it with the shell.

All daemons and jobs run in a process namespace of their own. Its first process dies with the process that started the cluster, and the kernel then ends
the others: nothing is left running, whatever happens. The GPUs are device nodes that nobody opens; SLURM only hands out their numbers.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare", "nsenter")
ACCOUNTING_PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db")
PACKAGES = "slurm-wlm munge slurmdbd mariadb-server"
GPUS = 2
CPUS = 4  # of each node, however many the machine has
MEMORY = 64_000  # MB of each node; SLURM counts it and does not enforce it here
NODE_TIMEOUT = 5  # seconds after which a node that does not answer counts as down
REQUEUE_DELAY = (
    5  # seconds: the life of a credential, for which SLURM holds back a requeued job (120 by default)
)
CLUSTER, PARTITION, ACCOUNT = "test", "main", "lab"
PR_SET_PDEATHSIG = 1

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={path}/munge.socket,cred_expire={requeue_delay}
StateSaveLocation={path}/state
SlurmdSpoolDir={path}/spool-%n
SlurmctldPidFile={path}/slurmctld.pid
SlurmdPidFile={path}/slurmd-%n.pid
SlurmctldLogFile={path}/slurmctld.log
SlurmdLogFile={path}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
# More cores than the machine has, as a cluster would; look for jobs to start every two seconds, and give up a dead node early.
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdTimeout={node_timeout}
KillWait=5
ReturnToService=2
"""
SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={path}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
LogFile={path}/slurmdbd.log
PidFile={path}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql_port}
StorageUser=slurm
StoragePass={password}
"""
SQL = """\
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS slurm@127.0.0.1 IDENTIFIED BY '{password}';
GRANT ALL ON slurm_acct_db.* TO slurm@127.0.0.1;
"""


def missing() -> str:
    """One line that says what this machine lacks for a cluster; empty if nothing."""
    if os.geteuid() != 0:
        return "a SLURM cluster of our own needs root"
    if absent := [name for name in PROGRAMS + ACCOUNTING_PROGRAMS if not shutil.which(name)]:
        return f"no {', '.join(absent)}: apt-get install {PACKAGES}"
    if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True).returncode:
        return "this machine allows no process namespaces (unshare --pid)"
    return ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class SlurmCluster:
    """A cluster in `folder`; as a context manager it starts and stops itself.

    Args:
        folder: An empty folder for keys, sockets, states, spools and logs.
        accounting: Run slurmdbd with MariaDB too, so that sacct works, and demand a known account of each job.
        nodes: Number of slurmd, named node1, node2, ..., each with `GPUS` GPUs.
    """

    def __init__(self, folder: Path, accounting: bool = False, nodes: int = 1):
        self.folder, self.accounting = folder.resolve(), accounting
        self.nodes = [f"node{number}" for number in range(1, nodes + 1)]
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self._namespace: subprocess.Popen[bytes] | None = None
        self._daemons: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> SlurmCluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, *command: str) -> str:
        """Run a command of SLURM, such as `run("squeue", "--noheader")`, and return what it prints."""
        result = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, timeout=120
        )
        if result.returncode:
            raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip()}")
        return result.stdout.strip()

    def start(self) -> None:
        """Start the daemons one after the other; each answers before the next one starts."""
        # Nobody waits for orphans in there: an ignored SIGCHLD keeps them from staying as zombies.
        first = ["sh", "-c", "trap '' CHLD; exec sleep infinity"]
        with open(self.folder / "daemons.log", "ab") as log:
            self._namespace = subprocess.Popen(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *first],
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        wait_for(
            lambda: Path(f"/proc/{self._first_process()}/comm").read_text() == "sleep\n", "process namespace"
        )
        path = self.folder
        self._write_configuration()
        # The executor plugin drops SLURM_CONF in its jobs: there the settings must lie where SLURM looks for them.
        for ours, theirs in ((path, "/etc/slurm"), (path / "hosts", "/etc/hosts")):
            subprocess.run([*self._enter(), "mount", "--bind", str(ours), theirs], check=True)
        self._daemon(
            "munged", "--foreground", "--force", f"--key-file={path}/munge.key", f"--socket={path}/munge.socket",
            f"--pid-file={path}/munged.pid", f"--log-file={path}/munged.log", f"--seed-file={path}/munged.seed",
        )  # fmt: skip
        wait_for((path / "munge.socket").exists, "munged")
        if self.accounting:
            self._start_accounting()
        self._daemon("slurmctld", "-D", "-i", "-f", str(path / "slurm.conf"))
        wait_for(lambda: "UP" in self.run("scontrol", "ping"), "slurmctld")
        self.start_nodes()

    def start_nodes(self) -> None:
        """Start all slurmd and wait until the controller can use them."""
        for node in self.nodes:
            self._daemon("slurmd", "-D", "-N", node)
        usable = {"idle", "mixed", "allocated", "completing"}
        wait_for(
            lambda: set(self.run("sinfo", "--noheader", "--Node", "--format", "%T").split()) <= usable,
            "slurmd",
        )

    def kill_nodes(self) -> None:
        """Kill every slurmd, step and job at once, without a word to the controller, as when the power fails."""
        spared = {"munged", "slurmctld", "slurmdbd", "mariadbd"}
        victims = {
            pid: name
            for pid, name in self._members().items()
            if name not in spared and pid != self._first_process()
        }
        # slurmd and the steps first: a step whose job dies before it would report a failed job.
        for pid in sorted(victims, key=lambda pid: not victims[pid].startswith("slurm")):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def environments(self, word: str) -> list[dict[str, str]]:
        """The environments of those processes of the cluster whose command line holds a word."""
        found = []
        for pid in self._members():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if word in Path(f"/proc/{pid}/cmdline").read_text():
                    entries = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
                    found.append(dict(entry.split("=", 1) for entry in entries if "=" in entry))
        return found

    def stop(self) -> None:
        """End the first process of the namespace, and with it all others."""
        if self._namespace is None:
            return
        if (first := self._first_process()) is not None:
            os.kill(first, signal.SIGKILL)
        self._namespace.wait()
        for daemon in self._daemons:
            daemon.wait()

    def _first_process(self) -> int | None:
        pid = self._namespace.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        return int(children.read_text()) if children.exists() and children.read_text() else None

    def _members(self) -> dict[int, str]:
        """Processes of the namespace, by the machine's own numbers, with their names."""
        namespace, members = os.readlink(f"/proc/{self._first_process()}/ns/pid"), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if os.readlink(folder / "ns/pid") == namespace:
                    members[int(folder.name)] = (folder / "comm").read_text().strip()
        return members

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._first_process()), "--pid", "--mount", "--"]

    def _daemon(self, *command: str) -> None:
        """Start a daemon in the namespace; what it prints goes into the cluster's folder."""
        with open(self.folder / "daemons.log", "ab") as log:
            process = subprocess.Popen(
                [*self._enter(), *command],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._daemons.append(process)

    def _write_configuration(self) -> None:
        path, host = self.folder, socket.gethostname()
        controller, self._dbd_port, self._sql_port, *slurmds = _free_ports(3 + len(self.nodes))
        for folder in ("state", "devices", *(f"spool-{node}" for node in self.nodes)):
            (path / folder).mkdir()
        for number in range(GPUS):
            os.mknod(path / f"devices/nvidia{number}", 0o666 | stat.S_IFCHR, os.makedev(195, number))
        _write_secret(path / "munge.key", secrets.token_bytes(128))
        (path / "hosts").write_text(f"{Path('/etc/hosts').read_text()}\n127.0.0.1 {' '.join(self.nodes)}\n")
        (path / "gres.conf").write_text(f"Name=gpu File={path}/devices/nvidia[0-{GPUS - 1}]\n")
        accounting = (
            f"AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\nAccountingStoragePort={self._dbd_port}\n"
            f"AccountingStoragePass={path}/munge.socket\n"
            "AccountingStorageEnforce=associations\nAccountingStorageTRES=gres/gpu\n"
        )
        lines = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} RealMemory={MEMORY} Gres=gpu:{GPUS}"
            for node, port in zip(self.nodes, slurmds, strict=True)
        ]
        (path / "slurm.conf").write_text(
            SLURM_CONF.format(
                path=path, host=host, port=controller, node_timeout=NODE_TIMEOUT, requeue_delay=REQUEUE_DELAY
            )
            + (accounting if self.accounting else "AccountingStorageType=accounting_storage/none\n")
            + "\n".join(lines)
            + f"\nPartitionName={PARTITION} Nodes=ALL Default=YES\n"
        )

    def _start_accounting(self) -> None:
        path, password = self.folder, secrets.token_hex(16)
        _write_secret(path / "init.sql", SQL.format(password=password).encode())
        _write_secret(
            path / "slurmdbd.conf",
            SLURMDBD_CONF.format(
                path=path, port=self._dbd_port, sql_port=self._sql_port, password=password
            ).encode(),
        )
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                "--user=root",
                f"--datadir={path}/mariadb",
                "--skip-test-db",
            ],
            check=True,
            capture_output=True,
        )
        self._daemon(
            "mariadbd", "--no-defaults", "--user=root", f"--datadir={path}/mariadb", f"--socket={path}/mariadb.socket", f"--port={self._sql_port}",
            "--bind-address=127.0.0.1", "--skip-name-resolve", f"--init-file={path}/init.sql", "--innodb-flush-log-at-trx-commit=0",
        )  # fmt: skip
        wait_for(lambda: _answers(self._sql_port), "mariadbd")
        self._daemon("slurmdbd", "-D")
        wait_for(lambda: _answers(self._dbd_port), "slurmdbd")
        for entry in (("cluster", CLUSTER), ("account", ACCOUNT), ("user", "root", f"account={ACCOUNT}")):
            self.run("sacctmgr", "--immediate", "add", *entry)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until a condition holds; an exception in it counts as not yet."""
    deadline, fault = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (OSError, RuntimeError) as error:
            fault = f": {error}"
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s{fault}")


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", port), timeout=1),
    ):
        return True
    return False


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def main() -> None:
    """Open a shell that uses a new cluster."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounting", action="store_true")
    parser.add_argument("--nodes", type=int, default=1)
    arguments = parser.parse_args()
    if lack := missing():
        sys.exit(f"error: {lack}")
    with (
        tempfile.TemporaryDirectory() as folder,
        SlurmCluster(Path(folder), arguments.accounting, arguments.nodes) as cluster,
    ):
        print(f"logs and settings of the cluster: {folder}; it ends with this shell", file=sys.stderr)
        subprocess.run([os.environ.get("SHELL", "sh")], env=os.environ | cluster.environment)


if __name__ == "__main__":
    main()
