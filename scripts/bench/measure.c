/* Runs a program and writes what its whole process tree used to a file, as one line:
 *   wall_us cpu_us maxrss_kb status
 * cpu_us is user and system time of the tree, maxrss_kb the peak of its largest process. A small program of its
 * own, because a child starts with the peak of whoever forks it: a Python interpreter would add its own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long us(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    /* Processes that lose their parent are ours to wait for, so nothing is left uncounted. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    long long began = now_us();
    pid_t child = fork();
    if (child < 0) return 126;
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = 0, other;
    waitpid(child, &status, 0);
    long long wall = now_us() - began;
    while (wait(&other) > 0) {}
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    FILE *out = fopen(argv[1], "w");
    if (!out) return 126;
    fprintf(out, "%lld %lld %ld %d\n", wall, us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(out) ? 126 : 0;
}
