# shellcheck shell=bash
# Who called, and building as them: for bash scripts that sudo runs.
#
#   $caller                   the user behind sudo, else the current one
#   as_caller COMMAND...      runs COMMAND as that user
#   make_directory PATH       makes one that this user owns
#   copy_source TOP TARGET    copies what belongs to the project, and nothing built, for that user

caller=${SUDO_USER:-$(id -un)}

as_caller() {
	if [ "$(id -u)" -ne 0 ] || [ "$(id -u "$caller")" -eq 0 ]; then
		"$@"
	else
		HOME=$(getent passwd "$caller" | cut -d: -f6) LOGNAME=$caller USER=$caller \
			setpriv --reuid "$caller" --regid "$(id -g "$caller")" --init-groups -- "$@"
	fi
}

make_directory() {
	install -d -o "$caller" -g "$(id -g "$caller")" "$1"
}

# A tree without git (a release) has nothing built in it, or the caller knows.
copy_source() {
	local top=$1 target=$2
	make_directory "$target" || return 1
	local git=(git -c "safe.directory=$top" -C "$top")
	if "${git[@]}" rev-parse --show-toplevel >/dev/null 2>&1; then
		"${git[@]}" ls-files --cached --others --exclude-standard -z
	else
		(cd "$top" && find . -type f -print0)
	fi | tar -C "$top" --null --ignore-failed-read --warning=no-failed-read -T - -c |
		as_caller tar -C "$target" -x
}
