"""Seccomp: Linux lets a process deny itself system calls, here those that Landlock leaves open."""

import ctypes
import errno
import platform
import sys

from .limits import call, forbid_new_privileges

# From linux/prctl.h, seccomp.h, audit.h and sched.h
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
DENY, ALLOW = 0x00050000, 0x7FFF0000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE_NEWUSER, SOCK_TYPE_MASK, SOCK_STREAM = 0x10000000, 0xF, 1
FIRST_OF_X32 = 0x40000000  # calls of a second kind on x86_64

# Classic BPF: what it does with a number; where things are in struct seccomp_data
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER_OF_CALL, ARCHITECTURE, ARGUMENTS = 0, 4, 16

# Each call with its numbers on x86_64 and aarch64, -1 where there is none
DENIED = """
    chmod 90 -1  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452
    chown 92 -1  fchown 93 55  lchown 94 -1  fchownat 260 54
    utime 132 -1  utimes 235 -1  futimesat 261 -1  utimensat 280 88
    setxattr 188 5  lsetxattr 189 6  fsetxattr 190 7  setxattrat 463 463
    removexattr 197 14  lremovexattr 198 15  fremovexattr 199 16  removexattrat 466 466
    file_setattr 469 469  open_by_handle_at 304 265  fanotify_init 300 262
    socket 41 198  connect 42 203  bind 49 200
    shmget 29 194  shmat 30 196  shmctl 31 195  mq_open 240 180  mq_unlink 241 181
    semget 64 190  semop 65 193  semctl 66 191  semtimedop 220 192
    msgget 68 186  msgsnd 69 189  msgrcv 70 188  msgctl 71 187
    unshare 272 97  setns 308 268  mount 165 40  umount2 166 39  pivot_root 155 41
    mount_setattr 442 442  open_tree 428 428  open_tree_attr 467 467  move_mount 429 429
    fsopen 430 430  fsconfig 431 431  fsmount 432 432  fspick 433 433
    ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271
    pidfd_getfd 438 438  kcmp 312 272  setpriority 141 140  ioprio_set 251 30
    sched_setparam 142 118  sched_setscheduler 144 119
    sched_setaffinity 203 122  sched_setattr 314 274
    kexec_load 246 104  kexec_file_load 320 294  bpf 321 280  perf_event_open 298 241
    io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427
    add_key 248 217  request_key 249 218  keyctl 250 219  userfaultfd 323 282  syslog 103 116
"""

# Calls with one argument that is checked: its place, the bits of it, and what they have to be
CHECKED = {
    ("clone", 56, 220): (0, CLONE_NEWUSER, 0),
    ("socketpair", 53, 199): (1, SOCK_TYPE_MASK, SOCK_STREAM),  # others can send to any address
    ("prlimit64", 302, 261): (0, 0xFFFFFFFF, 0),  # limits of the process itself
}
CLONE3 = 435  # its flags cannot be seen: as if there were none, so that clone is used


class Instruction(ctypes.Structure):
    """One step of a filter: struct sock_filter."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("skip_if_true", ctypes.c_uint8),
        ("skip_if_false", ctypes.c_uint8),
        ("number", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    """A filter: struct sock_fprog."""

    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Instruction)))


def available():
    """Tell whether the system can filter calls, and their numbers on this machine are known."""
    if platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return False
    try:
        call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, None, 0, 0)  # a filter is missing
    except (AttributeError, OSError, TypeError) as error:  # elsewhere than on Linux
        return getattr(error, "errno", None) == errno.EFAULT
    return False


def deny_calls():
    """Deny this process, and those it starts, the calls listed above; no submission needs them.

    They fail with EPERM. This holds for the calling thread, for good: call it while there is no
    other. Where `available` is False, nothing is done.
    """
    if not available():
        return
    steps = steps_on(platform.machine())
    program = Program(len(steps), (Instruction * len(steps))(*steps))
    forbid_new_privileges()
    call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)


def steps_on(machine):
    """List the steps of the filter, each as the fields of an Instruction."""
    column = list(MACHINES).index(machine) + 1
    deny, allow = (RETURN, 0, 0, DENY | errno.EPERM), (RETURN, 0, 0, ALLOW)
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, MACHINES[machine]), deny]
    steps += [(LOAD, 0, 0, NUMBER_OF_CALL), (AT_LEAST, 0, 1, FIRST_OF_X32), deny]
    steps += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, DENY | errno.ENOSYS)]
    for number in map(int, DENIED.split()[column::3]):
        if number >= 0:
            steps += [(EQUAL, 0, 1, number), deny]
    for names, (place, bits, value) in CHECKED.items():
        steps += [(EQUAL, 0, 5, names[column]), (LOAD, 0, 0, ARGUMENTS + 8 * place)]
        steps += [(AND, 0, 0, bits), (EQUAL, 0, 1, value), allow, deny]
    return [*steps, allow]
