package journal

import "time"

// unsure is fail for a sync: nobody knows what of it, and of what was written before, is
// on the disk.
func (j *File) unsure(err error) error {
	j.state = stale
	return j.fail(err)
}

// failed is why nothing can be written.
func (j *File) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

func (j *File) setFailure(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failure = err
}

// fail cuts off what was not written, or not for certain, and tells that nothing can
// be written.
func (j *File) fail(err error) error {
	if cut := j.file.Truncate(j.size); cut != nil {
		j.state = stale
	}
	j.begun = j.now()
	j.setFailure(err)
	j.options.Trouble(err.Error())
	j.options.Log.Error("the history file cannot be written: until it can, what is published to channels with a history is refused", "file", j.options.Path, "error", err)
	return err
}

// look looks after the file: whether it can be written again, and whether it is still
// there.
func (j *File) look() {
	failure := j.failed()
	switch {
	case failure == nil && j.missing():
		j.options.Log.Error("the history file was deleted or replaced: it is written anew", "file", j.options.Path)
		j.state = stale
		if err := j.renew(); err != nil {
			j.fail(err)
		}
	case failure == nil:
	case j.state == stale && j.renew() == nil, j.state != stale && j.probe() == nil:
		j.setFailure(nil)
		j.options.Trouble("")
		j.options.Log.Info("the history file can be written again", "file", j.options.Path, "after", j.now().Sub(j.begun).Round(time.Millisecond))
	}
}

// probe finds out whether the file can be written: as much as could not, before.
func (j *File) probe() error {
	_, err := j.file.WriteAt(make([]byte, min(max(j.lastSize, probeLeast), probeMost)), j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if cut := j.file.Truncate(j.size); cut != nil {
		j.state = stale
		return cut
	}
	return err
}

const (
	probeLeast = 64 << 10 // bytes
	probeMost  = 1 << 20
)
