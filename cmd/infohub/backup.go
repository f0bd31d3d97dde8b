package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cybersec-infohub/infohub/internal/app"
	"github.com/cybersec-infohub/infohub/internal/audit"
	"github.com/cybersec-infohub/infohub/internal/store"
)

type backupCommand struct {
	*global
	data     string
	force    bool
	anyAudit bool
}

// stdinout is the FILE that means standard input or output.
const stdinout = "-"

func newBackup(g *global) *cobra.Command {
	o := &backupCommand{global: g}
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy a data folder's data into one file, while a hub runs on it or not",
		Long: `Backup writes everything that a data folder holds into one file that its owner
alone can read: reports, objects, people, the audit log and the hashes of keys. It
asks the hub that runs on the folder, which goes on, and opens the data itself
where none runs. The file holds all that was acknowledged before the backup began,
and takes the place of an older one only when it is whole. FILE is - for standard
output.

Exit codes: 0 whole, 2 a wrong option or no data, 4 not written.`,
		Annotations: map[string]string{settableKey: "data"},
		Example: `  infohub backup --data /var/lib/infohub /backup/infohub.backup
  infohub backup --data /var/lib/infohub - | ssh store.example.hk 'cat > infohub.backup'
  infohub backup verify /backup/infohub.backup`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.backup(cmd.Context(), args[0]) },
	}
	addDataFlag(cmd, &o.data)
	verify := &cobra.Command{
		Use:   "verify FILE",
		Short: "Say whether a backup is whole",
		Long: `Verify reads a backup to its end, and says when it was made and whether it is as
it was written. It changes nothing. FILE is - for standard input.

Exit codes: 0 whole, 1 not whole or no backup, 2 a wrong option, 4 it cannot be read.`,
		Example: "  infohub backup verify /backup/infohub.backup",
		Args:    func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(1)(cmd, args)) },
		RunE:    func(cmd *cobra.Command, args []string) error { return o.verify(cmd.Context(), args[0]) },
	}
	cmd.AddCommand(verify)
	return cmd
}

func newRestore(g *global) *cobra.Command {
	o := &backupCommand{global: g}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into a data folder",
		Long: `Restore reads a backup to its end, checks its hash, the structure of the data and
the audit log, and only then puts the data into the folder, in one step. A folder
that holds data is refused; with --force they are kept beside the new ones, under a
name that is printed. So is a folder that an infohub is using: stop it first. FILE
is - for standard input.

Exit codes: 0 restored, 1 the backup is not whole, 2 a wrong option or a folder that
holds data, 4 not restored for another reason. But for 0 the folder is as it was.`,
		Annotations: map[string]string{settableKey: "data"},
		Example: `  infohub restore --data /var/lib/infohub /backup/infohub.backup
  infohub restore --data /tmp/drill /backup/infohub.backup`,
		Args: func(cmd *cobra.Command, args []string) error { return asUsage(cmd, cobra.ExactArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error { return o.restore(cmd.Context(), args[0]) },
	}
	addDataFlag(cmd, &o.data)
	cmd.Flags().BoolVar(&o.force, "force", false, "replace the data that the folder holds, and keep them beside the new ones")
	cmd.Flags().BoolVar(&o.anyAudit, "accept-broken-audit-log", false, "restore even if the audit log in the backup does not verify")
	return cmd
}

func (o *backupCommand) backup(ctx context.Context, file string) error {
	if err := needData(o.data); err != nil {
		return err
	}
	if file == stdinout {
		if tty, _ := o.terminal(o.out); tty {
			return usageError{errors.New("a backup is no text: send it to a file or a command, not to the terminal")}
		}
		info, err := app.BackupTo(ctx, o.data, o.out)
		if err != nil {
			return dataProblem(err)
		}
		o.say(o.describe("backup.done", file, info))
		return nil
	}
	f, err := createPrivate(file)
	if err != nil {
		return usageError{err}
	}
	info, err := app.BackupTo(ctx, o.data, f)
	if err := f.finish(err); err != nil {
		return dataProblem(err)
	}
	_, err = fmt.Fprintln(o.out, o.describe("backup.done", file, info))
	return err
}

func (o *backupCommand) describe(key, file string, info app.BackupInfo) string {
	return o.words().T(key, "file", file, "date", clockTime(info.Time), "bytes", info.Bytes, "program", info.Program, "sum", info.SHA256)
}

// openFile opens what is to be read; the caller closes it.
func (o *backupCommand) openFile(file string) (io.ReadCloser, error) {
	if file == stdinout {
		return io.NopCloser(o.in), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

func (o *backupCommand) verify(ctx context.Context, file string) error {
	f, err := o.openFile(file)
	if err != nil {
		return err
	}
	info, err := app.ReadBackup(ctx, f, io.Discard)
	if err := errors.Join(err, f.Close()); err != nil {
		return o.notWhole(file, err)
	}
	_, err = fmt.Fprintln(o.out, o.describe("backup.whole", file, info))
	return err
}

// notWhole tells of a backup that is damaged, which is a result, and returns any
// other error.
func (o *backupCommand) notWhole(file string, err error) error {
	if errors.Is(err, app.ErrBackup) || errors.Is(err, store.ErrCorrupt) || errors.Is(err, audit.ErrBroken) {
		o.say(fmt.Sprintf("%s: %v", file, err))
		return outcome{exitFindings}
	}
	return err
}

func (o *backupCommand) restore(ctx context.Context, file string) error {
	if err := needData(o.data); err != nil {
		return err
	}
	f, err := o.openFile(file)
	if err != nil {
		return err
	}
	done, err := app.Restore(ctx, f, o.data, app.RestoreOptions{Force: o.force, AnyAudit: o.anyAudit, Now: time.Now})
	if err := errors.Join(err, f.Close()); err != nil {
		if errors.Is(err, app.ErrHasData) {
			return usageError{fmt.Errorf("--data %w: --force replaces them", err)}
		}
		return o.notWhole(file, err)
	}
	w := o.words()
	lines := []string{w.T("restore.done", "dir", o.data, "date", clockTime(done.Time))}
	if done.Audit.Count > 0 {
		lines = append(lines, w.T("restore.audit", "n", done.Audit.Count, "anchor", done.Audit.Head))
	}
	if done.Aside != "" {
		lines = append(lines, w.T("restore.aside", "file", done.Aside))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(o.out, line); err != nil {
			return err
		}
	}
	return nil
}
