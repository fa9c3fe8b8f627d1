package output

import "strings"

// Header returns a comment on how a command line regenerates the file.
func Header(command string) string {
	return Mark + ". Do not edit: change the command, and run it again.\n  " + command
}

// Comment returns the header as comment lines, for YAML and for shells.
func Comment(command string) []byte {
	var b strings.Builder
	for line := range strings.SplitSeq(Header(command), "\n") {
		b.WriteString("# " + line + "\n")
	}
	return []byte(b.String())
}

// Markdown returns the header as a comment in Markdown, which only an arrow ends: flags stay as they are typed.
func Markdown(command string) []byte {
	return []byte("<!-- " + strings.ReplaceAll(Header(command), "-->", "--&gt;") + " -->\n\n")
}

// With puts a comment with the command line before each file.
func With(command string, files []File) []File {
	all := make([]File, len(files))
	for i, f := range files {
		all[i] = File{f.Name, append(Comment(command), f.Content...)}
	}
	return all
}
