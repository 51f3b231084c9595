package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// checkHistoryFile refuses a path that cannot be a history file, without a look at
// what is in it: another server may have it still.
func checkHistoryFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if folder, err := os.Stat(filepath.Dir(path)); err != nil {
			return err
		} else if !folder.IsDir() {
			return fmt.Errorf("%s is no folder", filepath.Dir(path))
		}
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return file.Close()
}
