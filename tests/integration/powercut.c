/* A power cut, for a process that has this loaded first (LD_PRELOAD).
 *
 * Files whose names contain $CUT_FILES are watched: what is written to them is on the disk when they are synced, not
 * before. With the $CUT_AFTER-th write the power fails: of what was not synced, each sector of 512 bytes is kept or lost
 * by the toss of a coin ($CUT_SEED; $CUT_KEPT of 100 are kept), and the process is killed.
 *
 * Writes do go to the file, with what was there before remembered, so that reading needs no help. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

struct change { /* one write (after != NULL), or one cutting to a length */
    struct change *earlier, *later;
    off64_t offset, size_before;
    size_t length, length_before;
    char *before, *after;
};

struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    int watched, descriptor;
    struct change *first, *last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static long writes;

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
}

static long number(const char *name, long otherwise) {
    const char *value = getenv(name);
    return value ? atol(value) : otherwise;
}

static struct file *file_of(int descriptor) {
    struct stat status;
    struct file *file;
    char link[64], path[PATH_MAX];
    ssize_t length;
    const char *wanted = getenv("CUT_FILES");
    if (!wanted || fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return NULL;
    for (file = files; file; file = file->next)
        if (file->device == status.st_dev && file->inode == status.st_ino) break;
    if (!file) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        length = readlink(link, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        file = calloc(1, sizeof *file);
        file->device = status.st_dev;
        file->inode = status.st_ino;
        file->watched = strstr(path, wanted) && !strstr(path, "-shm");
        file->descriptor = file->watched ? dup(descriptor) : -1;
        file->next = files;
        files = file;
    }
    return file->watched ? file : NULL;
}

static struct change *remember(struct file *file, off64_t offset, size_t length) {
    struct change *change = calloc(1, sizeof *change);
    struct stat status;
    ssize_t got;
    fstat(file->descriptor, &status);
    change->size_before = status.st_size;
    change->offset = offset;
    change->length = length;
    change->before = malloc(length ? length : 1);
    got = length ? pread64(file->descriptor, change->before, length, offset) : 0;
    change->length_before = got < 0 ? 0 : got;
    change->earlier = file->last;
    if (file->last) file->last->later = change; else file->first = change;
    file->last = change;
    return change;
}

static void forget(struct file *file) {
    struct change *change = file->first, *later;
    for (; change; change = later) {
        later = change->later;
        free(change->before);
        free(change->after);
        free(change);
    }
    file->first = file->last = NULL;
}

static void cut(void) {
    struct file *file;
    struct change *change;
    unsigned seed = number("CUT_SEED", 1);
    int kept = number("CUT_KEPT", 50);
    for (file = files; file; file = file->next) {
        if (!file->watched) continue;
        for (change = file->last; change; change = change->earlier) {
            if (change->length_before) real_pwrite(file->descriptor, change->before, change->length_before, change->offset);
            real_ftruncate(file->descriptor, change->size_before);
        }
        for (change = file->first; change; change = change->later) {
            size_t done = 0;
            if (!change->after) {
                if (rand_r(&seed) % 100 < kept) real_ftruncate(file->descriptor, change->offset);
                continue;
            }
            while (done < change->length) {
                size_t part = SECTOR - (change->offset + done) % SECTOR;
                if (part > change->length - done) part = change->length - done;
                if (rand_r(&seed) % 100 < kept)
                    real_pwrite(file->descriptor, change->after + done, part, change->offset + done);
                done += part;
            }
        }
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void count(void) {
    if (++writes == number("CUT_AFTER", -1)) cut();
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) {
    ssize_t result;
    struct file *file;
    pthread_mutex_lock(&lock);
    if ((file = file_of(descriptor))) {
        struct change *change = remember(file, offset, length);
        change->after = memcpy(malloc(length ? length : 1), data, length);
        count();
    }
    result = real_pwrite(descriptor, data, length, offset);
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    return pwrite64(descriptor, data, length, offset);
}

int ftruncate64(int descriptor, off64_t length) {
    int result;
    struct file *file;
    struct stat status;
    pthread_mutex_lock(&lock);
    if ((file = file_of(descriptor)) && !fstat(descriptor, &status)) {
        remember(file, length, status.st_size > length ? status.st_size - length : 0);
        count();
    }
    result = real_ftruncate(descriptor, length);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int descriptor, off_t length) {
    return ftruncate64(descriptor, length);
}

static int sync_with(int (*how)(int), int descriptor) {
    int result;
    struct file *file;
    pthread_mutex_lock(&lock);
    file = file_of(descriptor);
    result = how(descriptor);
    if (file && !result) forget(file);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int descriptor) {
    return sync_with(real_fsync, descriptor);
}

int fdatasync(int descriptor) {
    return sync_with(real_fdatasync, descriptor);
}
