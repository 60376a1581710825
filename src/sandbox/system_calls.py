"""The filter of system calls: on Linux, a process can give up all but those listed here, for good.

Not listed is what reaches others, or is for the kernel's own tools: sockets, leases, file watches,
System V and POSIX queues, keys, memory without a name, namespaces, mounts, other processes' memory,
limits and priorities, owners, modes and times of files, truncating by path. Calls that would leave
the group of processes, and those that wait for the disk, do nothing and report success, so that
honest programs which use them go on.
"""

import contextlib
import ctypes
import errno
import functools
import os
import platform
import struct
import sys

# From linux/prctl.h, seccomp.h, audit.h and sched.h
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
FAIL, ALLOW = 0x00050000, 0x7FFF0000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FIRST_OF_X32 = 0x40000000  # calls of a second kind on x86_64
FIRST_NEW = 424  # from here on a denied call fails as on an older kernel, which lacks it
NEW_NAMESPACES, CLONE_PARENT, SOCK_TYPE_MASK, SOCK_STREAM = 0x7E020000, 0x8000, 0xF, 1
SIGCHLD = 17

# From linux/bpf_common.h; offsets in struct seccomp_data
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER_OF_CALL, ARCHITECTURE, ARGUMENTS = 0, 4, 16

# Each call with its numbers on x86_64 and aarch64, -1 where there is none
ALLOWED = """
    read 0 63  write 1 64  readv 19 65  writev 20 66  pread64 17 67  pwrite64 18 68  lseek 8 62
    preadv 295 69  pwritev 296 70  preadv2 327 286  pwritev2 328 287  close 3 57
    close_range 436 436  open 2 -1  openat 257 56  openat2 437 437  creat 85 -1  dup 32 23
    dup2 33 -1  dup3 292 24  pipe 22 -1  pipe2 293 59  poll 7 -1  ppoll 271 73  select 23 -1
    pselect6 270 72  epoll_create1 291 20  epoll_ctl 233 21  epoll_wait 232 -1  epoll_pwait 281 22
    epoll_pwait2 441 441  eventfd2 290 19  sendfile 40 71  splice 275 76  tee 276 77
    copy_file_range 326 285  fadvise64 221 223  ftruncate 77 46
    stat 4 -1  fstat 5 80  lstat 6 -1  newfstatat 262 79  statx 332 291  statfs 137 43
    fstatfs 138 44  access 21 -1  faccessat 269 48  faccessat2 439 439  getcwd 79 17  chdir 80 49
    fchdir 81 50  getdents 78 -1  getdents64 217 61  readlink 89 -1  readlinkat 267 78
    rename 82 -1  renameat 264 38  renameat2 316 276  mkdir 83 -1  mkdirat 258 34  rmdir 84 -1
    unlink 87 -1  unlinkat 263 35  link 86 -1  linkat 265 37  symlink 88 -1  symlinkat 266 36
    umask 95 166  getxattr 191 8  lgetxattr 192 9  fgetxattr 193 10  listxattr 194 11
    llistxattr 195 12  flistxattr 196 13
    mprotect 10 226  munmap 11 215  mremap 25 216  madvise 28 233  mincore 27 232
    brk 12 214  membarrier 324 283  get_mempolicy 239 236
    fork 57 -1  vfork 58 -1  execve 59 221  exit 60 93  exit_group 231 94  wait4 61 260
    waitid 247 95  kill 62 129  tkill 200 130  tgkill 234 131  getpid 39 172  getppid 110 173
    gettid 186 178  getpgrp 111 -1  getpgid 121 155  getsid 124 156  getuid 102 174  geteuid 107 175
    getgid 104 176  getegid 108 177  getgroups 115 158  getresuid 118 148  getresgid 120 150
    capget 125 90  futex 202 98  set_robust_list 273 99  get_robust_list 274 100
    set_tid_address 218 96  rseq 334 293  restart_syscall 219 128  arch_prctl 158 -1
    rt_sigprocmask 14 135  rt_sigreturn 15 139  rt_sigpending 127 136
    rt_sigtimedwait 128 137  rt_sigsuspend 130 133  sigaltstack 131 132  pause 34 -1
    nanosleep 35 101  clock_nanosleep 230 115  clock_gettime 228 113  clock_getres 229 114
    gettimeofday 96 169  time 201 -1  times 100 153  alarm 37 -1  getitimer 36 102  setitimer 38 103
    timer_create 222 107  timer_settime 223 110  timer_gettime 224 108  timer_getoverrun 225 109
    timer_delete 226 111  getrusage 98 165  getrlimit 97 163  setrlimit 160 164  getpriority 140 141
    sched_yield 24 124  sched_getaffinity 204 123  sched_getparam 143 121
    sched_getscheduler 145 120  sched_get_priority_max 146 125  sched_get_priority_min 147 126
    getcpu 309 168  getrandom 318 278  uname 63 160  sysinfo 99 179
    sendto 44 206  recvfrom 45 207  sendmsg 46 211  recvmsg 47 212  shutdown 48 210
    getsockname 51 204  getpeername 52 205  getsockopt 55 209
"""
DONE_BY_DOING_NOTHING = """
    setsid 112 157  setpgid 109 154  fsync 74 82  fdatasync 75 83  sync 162 81  msync 26 227
    sync_file_range 277 84  syncfs 306 267
"""

# Calls where one argument decides: its place, which of its bits are compared, the allowed values
CHECKED = {
    ("clone", 56, 220): (0, NEW_NAMESPACES | CLONE_PARENT, (0,)),
    ("mmap", 9, 222): (3, 0x40021, (0x00, 0x01, 0x20)),  # not shared without a file, no huge pages
    # Duplicates and flags of descriptors, locks; no leases, signals, sizes of pipes
    ("fcntl", 72, 25): (1, 0xFFFFFFFF, (0, 1, 2, 3, 4, 5, 6, 7, 1030)),
    # Is it a terminal, of which size; how much is there to read; close on exec; not blocking
    ("ioctl", 16, 29): (1, 0xFFFFFFFF, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # The name of a thread or of memory, questions, the signal at the parent's death
    ("prctl", 157, 167): (0, 0xFFFFFFFF, (1, 2, 3, 15, 16, 21, 23, 27, 30, 39, 0x53564D41)),
    # All signals but SIGCHLD: a process that ignores it hides the time that its children took
    ("rt_sigaction", 13, 134): (0, 0xFFFFFFFF, tuple(n for n in range(1, 65) if n != SIGCHLD)),
    ("prlimit64", 302, 261): (0, 0xFFFFFFFF, (0,)),  # of the process itself
    ("socketpair", 53, 199): (1, SOCK_TYPE_MASK, (SOCK_STREAM,)),  # others can send anywhere
}


@functools.cache
def libc():
    """Load the C library; raise TypeError on Windows."""
    return ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    """Call a function of the C library; raise OSError if it returns a negative number."""
    arguments = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result = getattr(libc(), function)(*arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")
    return result


def prctl(option, value):
    """Set an option of this process; do nothing on other systems than Linux."""
    with contextlib.suppress(AttributeError, TypeError):
        call("prctl", option, value, 0, 0, 0)


def available():
    """Tell whether the system can filter calls, and we know their numbers on this machine."""
    if platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return False
    try:
        call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, None, 0, 0)  # EFAULT: it wants a filter
    except (AttributeError, OSError, TypeError) as error:  # TypeError etc.: not Linux
        return getattr(error, "errno", None) == errno.EFAULT
    return False


def restrict_calls():
    """Allow this thread and what it starts only the calls listed above, for good."""
    steps = [struct.pack("HBBI", *step) for step in steps_on(platform.machine())]
    place = ctypes.create_string_buffer(b"".join(steps))
    program = struct.pack("HP", len(steps), ctypes.addressof(place))
    call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


@functools.cache
def steps_on(machine):
    """List the steps of the filter: operation, steps to skip if true and if false, operand."""
    column = list(MACHINES).index(machine) + 1
    allow, deny, missing, done = (
        (RETURN, 0, 0, value) for value in (ALLOW, FAIL | errno.EPERM, FAIL | errno.ENOSYS, FAIL)
    )
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, MACHINES[machine]), deny]
    steps += [(LOAD, 0, 0, NUMBER_OF_CALL), (AT_LEAST, 0, 1, FIRST_OF_X32), deny]
    for table, verdict in ((DONE_BY_DOING_NOTHING, done), (ALLOWED, allow)):
        for number in map(int, table.split()[column::3]):
            steps += [(EQUAL, 0, 1, number), verdict] if number >= 0 else []
    for names, (place, bits, values) in CHECKED.items():
        tests = [step for value in values for step in ((EQUAL, 0, 1, value), allow)]
        steps += [(EQUAL, 0, len(tests) + 3, names[column])]
        steps += [(LOAD, 0, 0, ARGUMENTS + 8 * place), (AND, 0, 0, bits), *tests, deny]
    return [*steps, (AT_LEAST, 0, 1, FIRST_NEW), missing, deny]
