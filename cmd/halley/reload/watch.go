// Proved by TestWatchedFiles, TestUnsettledFilesAreNotRead and TestWatchWithoutFilesReturns.

package reload

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"
)

// Interval is how often files are looked at. One that has changed is read at the second look that finds it alike, so that
// nobody reads half of what is being written.
const Interval = 2 * time.Second

// Watch looks at the files of all parts until ctx is done. At the beginning every part with files reads them again: one
// may have changed since it was read.
func (p *Parts) Watch(ctx context.Context, interval time.Duration) {
	watched := make(map[Part]*look)
	for _, part := range p.list {
		if len(part.Files()) > 0 {
			watched[part] = new(look)
		}
	}
	if len(watched) == 0 {
		return
	}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		for part, l := range watched {
			if l.settled(marksOf(part.Files())) {
				p.reload(part)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// look is what is known of the files of a part.
type look struct {
	last []mark // at the last look
	read []mark // when they were read
}

// settled takes what the files are like now, and returns whether they are to be read: they are not as they were when they
// were read, but as they were at the last look.
func (l *look) settled(now []mark) bool {
	due := slices.Equal(now, l.last) && !slices.Equal(now, l.read)
	l.last = now
	if due {
		l.read = now
	}
	return due
}

// mark tells a file from what it was before. A symbolic link is what it leads to. The zero mark is no file.
type mark struct {
	device, inode uint64
	size          int64
	modified      time.Time
	changed       syscall.Timespec // mode and owner included
}

func marksOf(files []string) []mark {
	marks := make([]mark, len(files))
	for i, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		marks[i] = mark{size: info.Size(), modified: info.ModTime()}
		if s, is := info.Sys().(*syscall.Stat_t); is {
			marks[i].device, marks[i].inode, marks[i].changed = s.Dev, s.Ino, s.Ctim
		}
	}
	return marks
}
