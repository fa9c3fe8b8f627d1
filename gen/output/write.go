package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrSeveral is returned if several files have no folder to go into.
var ErrSeveral = errors.New("these are several files: name a folder, such as --output generated/")

// ErrPipe is returned if there is nothing to compare with.
var ErrPipe = errors.New("--check compares with files: name what is committed, such as --output generated/")

// places returns where the files go.
func places(to string, files []File) ([]string, error) {
	if !isFolder(to) && len(files) > 1 {
		return nil, fmt.Errorf("%w (%s)", ErrSeveral, strings.Join(names(files), ", "))
	}
	all := make([]string, len(files))
	for i, f := range files {
		if all[i] = to; isFolder(to) {
			all[i] = filepath.Join(to, filepath.FromSlash(f.Name))
		}
	}
	return all, nil
}

func isFolder(path string) bool {
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func names(files []File) (all []string) {
	for _, f := range files {
		all = append(all, f.Name)
	}
	return all
}

// Write writes the files, or the only file to stdout.
func Write(to string, files []File, stdout io.Writer) error {
	paths, err := places(to, files)
	if err != nil {
		return err
	}
	if to == Stdout && len(files) == 1 {
		_, err := stdout.Write(files[0].Content)
		return err
	}
	for i, path := range paths {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		if err := os.WriteFile(path, files[i].Content, 0o644); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	return nil
}
